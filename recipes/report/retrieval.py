"""What a report shows of inputs that belong together: recall by direction, and queries with answers."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.metrics.retrieval import RECALLS, recall_by_chance
from zoo.tasks.base import Task

QUERIES, NEAREST = 6, 3  # shown of a direction
DIRECTIONS = 6  # of which queries are shown


@dataclass(frozen=True)
class Query:
    """An example that was asked for, with what lies nearest to it.

    Attributes:
        index: of the example in the test split.
        rank: of its best right answer.
        nearest: examples whose answers are nearest, the nearest first, and whether they are right.
    """

    index: int
    rank: float
    nearest: tuple[tuple[int, bool], ...]


@dataclass(frozen=True)
class Direction:
    """Retrieval of one input by another.

    Attributes:
        name: "image to text".
        query, answer: places of both inputs.
        metrics: with their intervals, by name.
        chance: recall of a random order, by k.
        queries: from the best to the worst, evenly spread.
    """

    name: str
    query: int
    answer: int
    metrics: Mapping[str, Any]
    chance: Mapping[int, float]
    queries: Sequence[Query]


def directions(
    task: Task, predictions: Any, truths: Mapping[str, np.ndarray], metrics: Mapping[str, Any]
) -> list[Direction]:
    """Return the directions of the test split; none for tasks that are not scored by retrieval.

    Args:
        task, predictions, truths: of the test split.
        metrics: of the run.
    """
    if f"recall_at_{RECALLS[0]}" not in metrics["metrics"]:
        return []
    places, found = itertools.permutations(range(predictions.shape[1]), 2), []
    for (query, answer), (name, part) in zip(
        places, task.parts(predictions, truths).items(), strict=True
    ):
        statistics = task.statistics(*part)
        if not statistics["asked"].any():
            continue
        found.append(
            Direction(
                name=name,
                query=query,
                answer=answer,
                metrics=metrics["targets"][name],
                chance={k: recall_by_chance(statistics, k) for k in RECALLS},
                queries=_queries(*part, statistics["rank"][:, 0])
                if len(found) < DIRECTIONS
                else (),
            )
        )
    return found


def _queries(vectors: np.ndarray, contents: Mapping[str, np.ndarray], rank: np.ndarray) -> Any:
    """Return a few queries of one direction, with the nearest answers."""
    asked, there = np.flatnonzero(rank > 0), np.flatnonzero(vectors[:, 1].any(axis=1))
    order = asked[np.argsort(rank[asked], kind="stable")]
    places = np.linspace(0, len(order) - 1, min(QUERIES, len(order))).astype(int)
    found = []
    for i in order[places]:
        nearest = there[np.argsort(-(vectors[there, 1] @ vectors[i, 0]), kind="stable")][:NEAREST]
        right = np.any([part[nearest] == part[i] for part in contents.values()], axis=0)
        pairs = zip(nearest.tolist(), right.tolist(), strict=True)
        found.append(Query(int(i), float(rank[i]), tuple(pairs)))
    return tuple(found)
