"""The errors that kerazoo raises: what was given, what was expected, how to fix it."""

import difflib
import os
import shlex
from collections.abc import Iterable
from pathlib import Path


class ZooError(Exception):
    """A mistake that the user can fix; the command line prints it without a traceback.

    Args:
        problem: one sentence that says what was given and what is wrong with it.
        expected: the valid choices.
        fix: the command or change that fixes it.
    """

    exit_code = 2

    def __init__(self, problem: str, *, expected: str | None = None, fix: str | None = None):
        self.problem, self.expected, self.fix = problem, expected, fix
        lines = [problem]
        if expected:
            lines.append(f"  expected: {expected}")
        if fix:
            lines.append(f"  to fix:   {fix}")
        super().__init__("\n".join(lines))

    def to_dict(self) -> dict[str, str | None]:
        """Return the error as JSON values: "problem", "expected" and "fix"."""
        return {"problem": self.problem, "expected": self.expected, "fix": self.fix}


class PluginWarning(UserWarning):
    """Cards of an installed package that are left out, as something about them is wrong."""


class SizeWarning(UserWarning):
    """Images of a size of which a network can make little."""


class RepeatedCandidateWarning(UserWarning):
    """Candidates that were given more than once, and count once."""


class UnknownNameError(ZooError):
    """An unknown name; the message suggests the nearest known ones."""


class ArgumentError(ZooError, ValueError):
    """An argument or field that does not exist or whose value is out of range."""


class DataError(ZooError):
    """A data set, folder or file that cannot be read as expected."""

    def about(self, name: str) -> "DataError":
        """Return the error with the name of the example in front, unless it names it already.

        >>> DataError("It is silent.").about("a.wav").problem
        'a.wav: It is silent.'
        """
        if not name or Path(name).name in self.problem:
            return self
        return type(self)(f"{name}: {self.problem}", expected=self.expected, fix=self.fix)


class RecipeError(ZooError):
    """A recipe file or an override that does not fit the schema."""


class WeightsError(ZooError):
    """A weight file that is missing, damaged, or made for another model."""


class RunError(ZooError):
    """A run directory that is missing, incomplete, or in the way."""


class Interrupted(RunError):
    """A run that the user stopped; the message says how to continue it."""

    exit_code = 130  # as shells report an interrupt


class MachineError(ZooError):
    """The machine lacks something: disk space, a device, a package."""


class WriteError(MachineError):
    """A file that cannot be written, for lack of space or permission."""

    def elsewhere(self, option: str) -> "WriteError":
        """Return the error with the option that names another place."""
        return type(self)(self.problem, expected=self.expected, fix=f"{self.fix} with {option}")


def nearest(name: str, choices: Iterable[str], *, count: int = 3, cutoff: float = 0.5) -> list[str]:
    """Return up to `count` choices that resemble `name` by `cutoff` in [0, 1], the closest first.

    >>> nearest("resnet2", ["mlp", "resnet20", "resnet32"])
    ['resnet20', 'resnet32']
    """
    return difflib.get_close_matches(name, list(choices), n=count, cutoff=cutoff)


def unknown_name(kind: str, name: str, choices: Iterable[str], *, fix: str) -> UnknownNameError:
    """Make the error for a `name` that is not among `choices`."""
    choices = sorted(choices)
    near = nearest(name, choices)
    listing = ", ".join(choices[:12]) + (" …" if len(choices) > 12 else "")
    return UnknownNameError(
        f"There is no {kind} named {name!r}.",
        expected=f"nearest: {', '.join(near)}" if near else f"one of: {listing or 'none yet'}",
        fix=fix,
    )


def command(*words: str | os.PathLike) -> str:
    """Return a command that can be pasted into a shell, even if its words hold spaces or quotes.

    >>> command("zoo", "predict", "my runs/pets-1", "cat.png")
    "zoo predict 'my runs/pets-1' cat.png"
    """
    return shlex.join(os.fspath(word) for word in words)


def check_format(
    what: str, found: int | str, *, known: int, error: type[ZooError] = RunError
) -> None:
    """Refuse files in a newer format than this version knows; older ones are read.

    Args:
        what: a file or folder, for the message.
        found: the number of its format, as a number or as digits.
        known: the newest format that this version reads.
        error: the class to raise.

    >>> check_format("runs/digits-1", 1, known=2)
    """
    if str(found).isdecimal() and int(found) <= known:
        return
    raise error(
        f"{what} was written by a newer kerazoo (format {str(found)[:20]}).",
        expected=f"format {known} at most",
        fix="use the version of kerazoo that wrote it, or a newer one",
    )
