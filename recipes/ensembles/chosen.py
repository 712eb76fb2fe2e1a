"""Make an ensemble of runs that the user names."""

from pathlib import Path
from typing import Any

from recipes.ensembles.ensemble import Ensemble
from recipes.ensembles.entry import write_entry
from recipes.runs.folder import check_free
from recipes.runs.run import Run, load
from zoo.errors import ArgumentError
from zoo.files import as_path, locked

RUNS = "runs"  # the kind of an ensemble of runs of any origin


def ensemble(*targets: str | Path | Run, output: str | Path) -> Ensemble:
    """Make one model of several, which predicts the mean of their probabilities or numbers.

    The new folder holds a small file that names the members and the checksums of their weights, which
    stay where they are.

    Args:
        *targets: run directories, weight names or recipe names; an ensemble stands for its members.
        output: a new folder.

    Returns:
        The ensemble, which `zoo.load(output)` gives as well.

    Raises:
        RunError: the folder is taken, or the members do not answer the same question.

    >>> zoo.ensemble("runs/a", "runs/b", output="runs/both").predict(["seven.png"])  # doctest: +SKIP
    """
    folder = as_path(output)
    check_free(folder, begun=False, resume=False, what="set of models", option="--output")
    members: list[Any] = []
    for target in targets:
        found = load(target)
        members += found.members if isinstance(found, Ensemble) else [found]
    twice = next((one.name for i, one in enumerate(members) if _is_in(one, members[:i])), None)
    if twice:
        raise ArgumentError(
            f"{twice} is named twice.",
            expected="different models",
            fix="name each model once",
        )
    made = Ensemble(members, kind=RUNS, path=folder)
    with locked(folder):
        write_entry(folder, members, kind=RUNS)
    return made


def _is_in(one: Run, others: list[Run]) -> bool:
    return any(one.sha256 == other.sha256 and one.name == other.name for other in others)
