"""`zoo.visualize`: one entrance to the views of a network."""

from collections.abc import Callable, Sequence
from typing import Any

from recipes.runs.inputs import Input
from recipes.runs.run import load_run
from recipes.visualization.picture import Picture
from recipes.waiting import Waiting
from zoo import devices
from zoo.errors import ArgumentError, unknown_name

VIEWS = ("filters", "features", "neighbors", "map", "unit")
OF_INPUTS = ("features", "neighbors")


def visualize(
    target: Any,
    view: str,
    inputs: Sequence[Input] = (),
    *,
    layer: str | None = None,
    unit: str | int | None = None,
    data: str | None = None,
    split: str | None = None,
    examples: int | None = None,
    progress: bool = True,
) -> Picture:
    """Show what a trained network has learned.

    docs/visualization.md says what each view means.

    Args:
        target: run, run directory, weight name, name of published weights, or recipe name.
        view: "filters" of the first layer; "features", what a layer gives for one input; "neighbors",
            the training examples nearest to each input; "map", the test examples on a plane, by PCA and
            t-SNE; "unit", the training examples that excite a unit most, and an image made for it.
        inputs: of "features" (one) and "neighbors", as `zoo.predict` takes them.
        layer: of "features" and "unit", its path, such as "backbone/stem_conv"; None takes the first
            feature with positions that the model's card declares, and the logits.
        unit: of "unit", a channel from 0, or without a layer the name of a class.
        data: of "neighbors", "map" and "unit", another data set, folder or table; None takes the run's.
        split: of the data; None takes "test" for "map" and "train" for the others.
        examples: at most; None takes 5,000 for "neighbors" and 2,000 for the others.
        progress: show on stderr what takes more than two seconds.

    Returns:
        A `Picture` with `png`, `words` and `numbers`; `save` writes it.

    Raises:
        UnknownNameError: there is no such view, layer, class or split.
        ArgumentError: an argument is missing or does not belong to the view, or the model has several
            inputs or nothing to show there.
        DataError: the data cannot be read, or published weights without data.

    >>> shown = zoo.visualize("cnn_small.digits", "filters")  # doctest: +SKIP
    >>> shown.words  # doctest: +SKIP
    '32 filters of backbone/stage1_1_conv, each 3 × 3 × 1 weights; none without weight'
    """
    given = {"layer": layer, "unit": unit, "data": data, "split": split, "examples": examples}
    given = {name: value for name, value in given.items() if value is not None}
    check_view(view, inputs, given)
    run = load_run(target)
    if len(run.assets.x) != 1:
        raise ArgumentError(
            f"{run.name} takes {len(run.assets.x)} inputs.",
            expected="a model of one input",
            fix="choose another model",
        )
    devices.load_tensorflow()  # quietly, before a module imports it
    with Waiting(view, shown=progress) as tell:
        return _views()[view](run, inputs, given, tell)


def check_view(view: str, inputs: Sequence[Input], given: dict[str, Any]) -> None:
    """Refuse arguments that do not belong to a view, and missing ones.

    Raises:
        UnknownNameError: there is no such view.
        ArgumentError: the message says which argument.
    """
    if view not in VIEWS:
        raise unknown_name("view", view, VIEWS, fix="choose one of these")
    strange = [name for name in given if name not in ARGUMENTS[view]]
    if strange:
        raise ArgumentError(
            f"{strange[0]} does not belong to the view {view!r}.",
            expected=f"of this view: {', '.join(ARGUMENTS[view]) or 'nothing else'}",
            fix=f"leave {strange[0]} out",
        )
    if bool(len(inputs)) != (view in OF_INPUTS):
        raise ArgumentError(
            f"The view {view!r} takes {'inputs' if view in OF_INPUTS else 'no inputs'}.",
            fix="give files, arrays or texts" if view in OF_INPUTS else "leave the inputs out",
        )
    if view == "unit" and "unit" not in given:
        raise ArgumentError("No unit was given.", fix='unit=0, or the name of a class: unit="cat"')


ARGUMENTS = {
    "filters": (),
    "features": ("layer",),
    "neighbors": ("data", "split", "examples"),
    "map": ("data", "split", "examples"),
    "unit": ("layer", "unit", "data", "split", "examples"),
}


def _views() -> dict[str, Callable[..., Picture]]:
    """Return each view as a function of run, inputs, arguments, and what tells the progress."""
    from recipes.visualization.embedding_map import embedding_map
    from recipes.visualization.feature_maps import feature_maps
    from recipes.visualization.filters import filters
    from recipes.visualization.neighbors import neighbors
    from recipes.visualization.unit import unit

    return {
        "filters": lambda run, inputs, given, tell: filters(run),
        "features": lambda run, inputs, given, tell: feature_maps(run, inputs, **given),
        "neighbors": lambda run, inputs, given, tell: neighbors(run, inputs, tell=tell, **given),
        "map": lambda run, inputs, given, tell: embedding_map(run, tell=tell, **given),
        "unit": lambda run, inputs, given, tell: unit(
            run, given["unit"], tell=tell, **{k: v for k, v in given.items() if k != "unit"}
        ),
    }
