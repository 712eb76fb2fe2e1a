"""The training examples that lie nearest to an input, in the space of a network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from recipes.report.examples import stored_value
from recipes.report.pictures import grid
from recipes.report.theme import INK, MUTED, short, style, to_png
from recipes.runs.inputs import Input
from recipes.runs.predict import Reading, answers, embedder
from recipes.runs.run import Run
from recipes.visualization.embedded import Embedded, Tell, embedded
from recipes.visualization.picture import Picture

NEAREST = 7  # beside the input: eight in a row
EXAMPLES = 5000
LETTERS = 90  # of a text in the picture


def neighbors(
    run: Run,
    inputs: Sequence[Input],
    *,
    data: str | None = None,
    split: str = "train",
    examples: int = EXAMPLES,
    tell: Tell = lambda words: None,
    seed: int = 1,
) -> Picture:
    """Return the examples of a split that are nearest to each input, by cosine similarity.

    Neighbours with another class than the input's say what the network takes for the same, and find
    wrong labels. None of them is a reason of the prediction.

    Args:
        run: of one input, with a head that takes one vector for an example.
        inputs: as `zoo.predict` takes them.
        data: another data set, folder or table; None takes the run's own.
        split: of the data.
        examples: at most.
        tell: called with what is being done.
        seed: of the choice of examples.

    Raises:
        RunError, DataError, UnknownNameError: as `recipes.visualization.embedded.embedded`.
    """
    network = embedder(run.model, run.assets, name=run.name)

    def decode(x: Any) -> list[tuple[Any, np.ndarray]]:
        return [(x, network.predict_on_batch(x)[0])]

    asked = list(answers(run, inputs, reading=Reading(1), decode=decode))
    found = embedded(run, split, data=data, examples=examples, tell=tell, seed=seed)
    queries = _unit(np.stack([vector for _, (_, vector) in asked]))
    similarity = queries @ _unit(found.vectors).T
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :NEAREST]
    names = [
        item.source.get("text") or item.name or str(position)
        for position, (item, _) in enumerate(asked)
    ]
    listed = [
        {"input": name, "neighbors": [_told(found, i, similarity[row, i]) for i in order[row]]}
        for row, name in enumerate(names)
    ]
    words = f"nearest of {found.where}, by cosine similarity"
    parts = [run.assets.x, [x for _, (x, _) in asked]]
    with style():
        figure = _figure(found, listed, order, *parts, title=f"{run.name}: {words}")
        numbers = {"inputs": listed, "similarity": similarity.astype("float32")}
        return Picture("neighbors", words, to_png(figure), numbers)


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (N, D) of length 1; those of length 0 stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1)


def _told(found: Embedded, index: int, similarity: float) -> dict[str, Any]:
    told = {"name": found.split.name_of(int(index)), "similarity": float(similarity)}
    return told | ({"label": found.named(index)} if found.labels is not None else {})


def _figure(
    found: Embedded,
    listed: Sequence[dict[str, Any]],
    order: np.ndarray,
    columns: Any,
    encoded: Sequence[Any],
    *,
    title: str,
) -> Figure:
    """Draw each input with its neighbours in a row, or write texts below one another."""
    from recipes.report.examples import shown_input

    ((name, column),) = columns.items()
    source = column.source or name
    rows = []
    for one, x, places in zip(listed, encoded, order, strict=True):
        first = shown_input({key: value[0] for key, value in x.items()}, columns)
        near = [stored_value(column, found.split[int(i)][source]) for i in places]
        lines = [
            (each.get("label", each["name"]), f"{each['similarity']:.2f}")
            for each in one["neighbors"]
        ]
        rows.append(
            [(first, one["input"], "input"), *((p, *t) for p, t in zip(near, lines, strict=True))]
        )
    if all(not isinstance(part, str) for row in rows for part, _, _ in row):
        return grid([each for row in rows for each in row], title=title, empty="", columns=8)
    return texts(rows, title=title)


def texts(rows: Sequence[Sequence[tuple[Any, str, str]]], *, title: str) -> Figure:
    """Return a figure of (text, first word, second word), each on a line, with rows apart."""
    count = sum(len(row) + 1 for row in rows)
    figure = Figure(figsize=(9, 0.24 * count + 0.6))
    axes = figure.add_axes((0.01, 0, 0.98, 1))
    axes.set(xlim=(0, 1), ylim=(count + 0.5, -2.4))
    axes.set_axis_off()
    axes.text(0, -1.2, title, color=INK, fontsize=10, fontweight="bold")
    place = 0
    for row in rows:
        for text, first, second in row:
            colour = INK if second == "input" else MUTED
            axes.text(0, place, short(first, 22), color=colour, fontsize=8)
            axes.text(0.2, place, second, color=colour, fontsize=8)
            axes.text(0.27, place, short(str(text), LETTERS), color=colour, fontsize=8)
            place += 1
        place += 1
    return figure
