"""The file that makes a folder an ensemble: which runs belong to it, and their checksums."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.runs.base import TrainedModel
from recipes.runs.splits import skip_flag, skips_corrupt
from recipes.runs.trained import RECIPE, read_json
from zoo.errors import RunError, check_format, command
from zoo.files import as_path, write_text

ENSEMBLE, FORMAT = "ensemble.json", 1
REPEATS = "repeats.json"  # of a folder in which several runs of one recipe are trained
FOLDS = "folds"  # the kind of an ensemble whose members were each tested on another part


@dataclass(frozen=True)
class Entry:
    """What the file of an ensemble says.

    Attributes:
        path: folder of the ensemble.
        kind: "folds", "seeds", or "runs" of any origin.
        places: folder or weight name of each member.
        sha256: checksum of each member's weights.
    """

    path: Path
    kind: str
    places: tuple[str, ...]
    sha256: tuple[str, ...]

    @classmethod
    def of_folder(cls, folder: Path) -> "Entry | None":
        """Read the file of an ensemble; None where the folder holds none.

        Raises:
            RunError: the file is damaged, or the runs of the folder are not all trained yet.
        """
        path = folder / ENSEMBLE
        if not path.is_file():
            _check_finished(folder)
            return None
        values = read_json(path)
        try:
            check_format(str(path), values["format"], known=FORMAT)
            members = values["members"]
            places = tuple(_place(folder, str(member["run"])) for member in members)
            sha256 = tuple(str(member["weights_sha256"]) for member in members)
            return cls(folder, str(values["kind"]), places, sha256)
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(
                f"{path} was changed: {error!r}",
                expected="a file as `zoo train` or `zoo ensemble` wrote it",
                fix="write it again: zoo ensemble RUN RUN --output FOLDER",
            ) from error

    def check(self, members: Sequence[TrainedModel]) -> None:
        """Check that the members are the models that the ensemble was made of.

        Raises:
            RunError: one of them has other weights now.
        """
        for place, sha256, member in zip(self.places, self.sha256, members, strict=True):
            if member.sha256 != sha256:
                raise RunError(
                    f"{place} has other weights than {self.path} was made of.",
                    expected=f"weights with SHA-256 {sha256}, not {member.sha256}",
                    fix="put the run back, or make the ensemble again: "
                    + command("zoo", "ensemble", *self.places, "--output")
                    + " FOLDER",
                )


def write_entry(
    folder: Path, members: Sequence[TrainedModel], *, kind: str, about: dict[str, Any] | None = None
) -> None:
    """Write the file that makes a folder an ensemble of these models.

    Args:
        folder: may be missing.
        members: their folders are named relative to it, so that they can be moved together.
        kind: as `Entry.kind`.
        about: what else the file says, for people.
    """
    values = {
        "format": FORMAT,
        "kind": kind,
        "members": [
            {"run": _relative(member, folder), "weights_sha256": member.sha256}
            for member in members
        ],
        **(about or {}),
    }
    write_text(folder / ENSEMBLE, json.dumps(values, indent=1) + "\n")


def check_single(target: Any) -> None:
    """Refuse an ensemble where one trained model is needed.

    Raises:
        RunError: it is an ensemble; names its first member.
    """
    folder = as_path(target) if isinstance(target, str | os.PathLike) else target.path
    entry = Entry.of_folder(folder)
    if entry is not None:
        raise RunError(
            f"{folder} is an ensemble of {len(entry.places)} models; this takes one.",
            expected="a run directory, weight or recipe name",
            fix=f"give one of its members, such as {entry.places[0]}",
        )


def _place(folder: Path, written: str) -> str:
    """Return the folder of a member, which is written relative to the ensemble's, or its name."""
    inside = folder / written
    return os.path.normpath(inside) if inside.is_dir() else written


def _relative(member: TrainedModel, folder: Path) -> str:
    if member.path is None:
        return member.name
    try:
        return Path(os.path.relpath(member.path, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(member.path.absolute())


def _check_finished(folder: Path) -> None:
    """Refuse a folder of several runs that are not all trained."""
    if not (folder / REPEATS).is_file():
        return
    plan = read_json(folder / REPEATS)
    plan = plan if isinstance(plan, dict) else {}
    kind, count = plan.get("kind", FOLDS), len(plan.get("values", ()))
    given = ",".join(map(str, plan.get("values", ()))) if kind != FOLDS else str(count)
    raise RunError(
        f"{folder} holds {count} runs that are not all trained yet.",
        expected="a folder that `zoo train` finished, or one of the runs in it",
        fix=resume_repeats(folder, kind=kind, given=given),
    )


def resume_repeats(folder: Path, *, kind: str, given: str) -> str:
    """Return the command that trains what is left of several runs."""
    skips = any(skips_corrupt(path) for path in folder.iterdir() if path.is_dir())
    where = ("--run-dir", folder, "--resume", *skip_flag(("",) if skips else ()))
    return command("zoo", "train", folder / RECIPE, f"--{kind}", given, *where)
