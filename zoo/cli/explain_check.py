"""`zoo explain --check` and `--shortcuts`: options, and the tests of methods."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.errors import ArgumentError
from zoo.files import check_new_png

Check = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Test which methods may be believed on this run, on test examples; takes no inputs.",
    ),
]
Examples = Annotated[
    int | None, typer.Option(min=2, help="With --check: so many test examples; 20 by default.")
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="With --check: of random orders, weights and noise; 1 by default."),
]
Picture = Annotated[
    Path | None, typer.Option(help="With --check: draw the curves into a new .png file.")
]

Shortcuts = Annotated[
    bool,
    typer.Option(
        "--shortcuts",
        help="Test, on the run's own test examples, whether a small part of the input alone decides "
        "for a class: a stamp, a click, a word. Takes no inputs.",
    ),
]


def check_asked(others: dict[str, Any], inputs: list[str], *, check: bool, shortcuts: bool) -> None:
    """Check that options fit what is asked.

    Args:
        others: options by name, None where not given.
        inputs: files or texts.
        check, shortcuts: --check and --shortcuts are given.

    Raises:
        ArgumentError: options of one way are given with the other.
        RunError: the picture exists.
    """
    if check and shortcuts:
        raise ArgumentError(
            "--check and --shortcuts are two searches.", fix="give them in two commands"
        )
    way = "--check" if check else "--shortcuts" if shortcuts else ""
    _check_options(others, way)
    if way and inputs:
        raise ArgumentError(
            f"{way} tests the run's own test examples; inputs were given.",
            fix="leave the inputs out",
        )
    if not way and not inputs:
        raise ArgumentError(
            "No inputs were given.",
            expected="files, folders or texts to explain",
            fix="name some; or add --check to test the methods, or --shortcuts to search for a part "
            "of the input that alone decides, on the run's test examples",
        )
    picture = others["--picture"]
    if picture is not None:
        check_new_png(picture)


def _check_options(others: dict[str, Any], way: str) -> None:
    """Refuse options that do not belong to what is asked: --check, --shortcuts, or inputs."""
    allowed = {
        "--check": ("--examples", "--seed", "--picture", "--method"),
        "--shortcuts": (),
        "": tuple(name for name in others if name not in ("--examples", "--seed", "--picture")),
    }
    wrong = [
        name for name, value in others.items() if value is not None and name not in allowed[way]
    ]
    if wrong and way:
        raise ArgumentError(
            f"{wrong[0]} does not go with {way}.",
            expected="the first baseline, and the predicted class of each test example",
            fix=f"leave {wrong[0]} out",
        )
    if wrong:
        fix = "add --check"
        raise ArgumentError(f"{wrong[0]} belongs to --check, which is not given.", fix=fix)


def checked(
    target: str, method: str | None, examples: int | None, seed: int | None, picture: Path | None
) -> dict[str, Any]:
    """Test the methods of a run, and draw what was found."""
    from recipes.explanations.checks.check import EXAMPLES, check_explanations
    from zoo.files import write_bytes

    methods = None if method is None else [method]
    how = {"examples": examples or EXAMPLES, "seed": 1 if seed is None else seed}
    found = check_explanations(target, methods=methods, **how)
    if picture is None:
        return found.to_dict()
    from recipes.explanations.checks.figure import checks_png

    write_bytes(picture, checks_png(found))
    return found.to_dict() | {"picture": str(picture)}
