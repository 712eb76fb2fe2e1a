"""What `zoo visualize` writes: a picture with the numbers behind it, and a sentence."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.output import console, show_json

Layer = Annotated[
    str | None,
    typer.Option(help="A layer's path, such as backbone/stem_conv; a wrong one lists them."),
]
Data = Annotated[
    str | None,
    typer.Option(help="Examples of another data set, folder or table, not the model's own."),
]
Split = Annotated[str | None, typer.Option(help="Of the data.")]
Examples = Annotated[int | None, typer.Option(min=1, help="So many at most, drawn at random.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "--out",
        help="A new .png file; by default a new folder visualizations/NAME-VIEW-1 with the picture and "
        "its numbers (.npz), and with --json nothing.",
    ),
]
LARGEST = 1000  # numbers of an array in JSON, which has the shape alone of larger ones
LONGEST_NAME = 40  # characters


def show(
    target: str,
    view: str,
    output: Path | None,
    inputs: Sequence[str] = (),
    *,
    json: bool,
    **arguments: Any,
) -> None:
    """Make a view, write it, and say what it shows."""
    from recipes.runs.run import load_run
    from recipes.visualization.visualize import visualize
    from zoo.cli.inputs import inputs_of
    from zoo.cli.output import takes_words
    from zoo.files import check_new_png

    if output is not None:
        check_new_png(output)
    run = load_run(target)
    found = visualize(run, view, inputs_of(list(inputs), texts=takes_words(run)), **arguments)
    written = [found.save(output)] if output is not None else []
    if output is None and not json:
        written = _written(found, re.sub(r"[^\w.]+", "-", Path(run.name).name)[:LONGEST_NAME])
    if json:
        files = {"files": [str(path) for path in written]} if written else {}
        show_json({"view": view, "words": found.words, **_told(found.numbers), **files})
        return
    console.print(found.words, markup=False, highlight=False, soft_wrap=True)
    for path in written:
        console.print(str(path), markup=False, highlight=False, soft_wrap=True)


def _written(found: Any, name: str) -> list[Path]:
    """Write the picture and its arrays into a new folder; return the files."""
    import numpy as np

    from zoo.files import replacing, reserve

    folder = reserve(Path("visualizations"), f"{name}-{found.view}")
    arrays = dict(_arrays(found.numbers))
    with replacing(folder / f"{found.view}.npz") as beside, beside.open("wb") as stream:
        np.savez(stream, **arrays)
    return [found.save(folder / f"{found.view}.png"), folder / f"{found.view}.npz"]


def _arrays(numbers: Mapping[str, Any]) -> Any:
    """Yield the arrays among values by name, those of tables inside them, too."""
    import numpy as np

    for name, value in numbers.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, Mapping):
            yield from ((f"{name}.{inner}", each) for inner, each in _arrays(value))


def _told(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as JSON holds them; of large arrays their shape alone."""
    import numpy as np

    told: dict[str, Any] = {}
    for name, value in numbers.items():
        if isinstance(value, np.ndarray):
            told[name] = value.tolist() if value.size <= LARGEST else {"shape": list(value.shape)}
        else:
            told[name] = _told(value) if isinstance(value, Mapping) else value
    return told
