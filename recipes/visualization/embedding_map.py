"""A map of a data set in the space of a network: its examples as points on a plane, by class."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recipes.report.theme import GRID, INK, MUTED, short, style, to_png
from recipes.runs.run import Run
from recipes.visualization.embedded import Embedded, Tell, embedded
from recipes.visualization.picture import Picture
from zoo.errors import ArgumentError

EXAMPLES = 2000
FEWEST = 10  # examples that a map needs
COLOURS = 10  # classes with a colour of their own: the most frequent; the others are gray
NEIGHBORS = 10
PERPLEXITY = 30.0  # of t-SNE, as its paper and scikit-learn have it


def embedding_map(
    run: Run,
    *,
    data: str | None = None,
    split: str = "test",
    examples: int = EXAMPLES,
    tell: Tell = lambda words: None,
    seed: int = 1,
) -> Picture:
    """Return two maps of what the head takes for the examples of a split: PCA, and t-SNE.

    How far a map may be believed is measured: the share of the variance that two principal components
    keep, scikit-learn's trustworthiness (are neighbours on the map neighbours in the space, 1 at best),
    and the share of the ten nearest neighbours that have a point's own class, in the space and on the
    maps.

    Args:
        run: of one input, with a head that takes one vector for an example.
        data: another data set, folder or table; None takes the run's own.
        split: of the data.
        examples: at most.
        tell: called with what is being done.
        seed: of the choice of examples, and of t-SNE.

    Raises:
        ArgumentError: fewer than ten examples.
        RunError, DataError, UnknownNameError: as `recipes.visualization.embedded.embedded`.
    """
    found = embedded(run, split, data=data, examples=examples, tell=tell, seed=seed)
    vectors = found.vectors
    if len(vectors) < FEWEST:
        raise ArgumentError(
            f"{len(vectors)} examples are too few for a map.",
            expected=f"{FEWEST} or more",
            fix="give more --examples, or another --split or --data",
        )
    numbers, planes = _planes(vectors, found.labels, tell, seed)
    numbers |= {
        "labels": found.labels,
        "wrong": found.wrong,
        "names": [found.split.name_of(index) for index in range(len(vectors))],
    }
    words = _words(found, numbers)
    with style():
        return Picture("map", words, to_png(_figure(planes, found, run.name)), numbers)


def _planes(
    vectors: np.ndarray, labels: np.ndarray | None, tell: Tell, seed: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what is known of the maps, and the points (N, 2) of each."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    tell("PCA")
    pca = PCA(2, random_state=seed)
    planes = {"PCA": pca.fit_transform(vectors)}
    tell("t-SNE")
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    tsne = TSNE(2, init="pca", perplexity=perplexity, random_state=seed)
    planes["t-SNE"] = tsne.fit_transform(vectors)
    numbers = {
        "examples": len(vectors),
        "dimensions": vectors.shape[1],
        "variance_kept": float(pca.explained_variance_ratio_.sum()),
        "same_class_among_10_in_space": _agreement(vectors, labels),
        "maps": {name: _measured(vectors, plane, labels) for name, plane in planes.items()},
        "points": {name: plane.astype("float32") for name, plane in planes.items()},
    }
    return numbers, planes


def _measured(vectors: np.ndarray, plane: np.ndarray, labels: np.ndarray | None) -> dict:
    from sklearn.manifold import trustworthiness

    neighbors = min(NEIGHBORS, (len(vectors) - 1) // 2)
    return {
        "trustworthiness": float(trustworthiness(vectors, plane, n_neighbors=neighbors)),
        "same_class_among_10": _agreement(plane, labels),
    }


def _agreement(points: np.ndarray, labels: np.ndarray | None) -> float | None:
    """Return the share of the nearest neighbours that have a point's own class."""
    if labels is None:
        return None
    from sklearn.neighbors import NearestNeighbors

    count = min(NEIGHBORS, len(points) - 1)
    places = NearestNeighbors(n_neighbors=count).fit(points).kneighbors(return_distance=False)
    return float((labels[places] == labels[:, None]).mean())


def _words(found: Embedded, numbers: dict[str, Any]) -> str:
    measured, kept = numbers["maps"], numbers["variance_kept"]
    in_space = numbers["same_class_among_10_in_space"]
    trust = {name: each["trustworthiness"] for name, each in measured.items()}
    words = (
        f"{found.where}: {found.vectors.shape[1]} numbers each. PCA keeps {100 * kept:.0f} % of the "
        f"variance; trustworthiness {trust['PCA']:.2f} (PCA), {trust['t-SNE']:.2f} (t-SNE)"
    )
    if in_space is None:
        return words
    shares = [in_space, *(each["same_class_among_10"] for each in measured.values())]
    space, pca, tsne = (f"{100 * share:.0f} %" for share in shares)
    wrong = f"; {found.wrong.sum()} wrong answers" if found.answers is not None else ""
    return (
        f"{words}. Of ten neighbours, {space} share the class ({pca} and {tsne} on the maps){wrong}"
    )


def _figure(planes: dict[str, np.ndarray], found: Embedded, name: str) -> Figure:
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    figure.suptitle(f"{name}: {found.where}", fontsize=10, color=INK, x=0.01, ha="left")
    for axes, (method, points) in zip(figure.subplots(1, 2), planes.items(), strict=True):
        axes.set_title(method)
        _scatter(axes, points, found)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside right upper", fontsize=8, markerscale=2)
    return figure


def _scatter(axes: Axes, points: np.ndarray, found: Embedded) -> None:
    """Draw the points by class; wrong answers are crosses in black."""
    axes.set(xticks=[], yticks=[])
    size = 12 if len(points) <= EXAMPLES / 4 else 6
    if found.labels is None:
        axes.scatter(*points.T, s=size, color=MUTED, linewidths=0)
        return
    counts = np.bincount(found.labels, minlength=len(found.classes))
    shown = np.sort(np.argsort(-counts, kind="stable")[:COLOURS])
    rest = ~np.isin(found.labels, shown)
    if rest.any():
        axes.scatter(*points[rest].T, s=size, color=GRID, linewidths=0, label="other classes")
    for colour, label in zip(colormaps["tab10"].colors, shown, strict=False):
        members = points[found.labels == label]
        name = short(found.classes[label])
        axes.scatter(*members.T, s=size, color=colour, linewidths=0, label=name)
    wrong = points[found.wrong]
    if len(wrong):
        axes.scatter(*wrong.T, s=30, color=INK, marker="x", linewidths=1, label="answered wrongly")
