"""What `zoo evaluate` measures beside the metrics: the run's own examples, groups, corruptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.cli import group_table as groups
from zoo.cli import shift_table as shifts
from zoo.cli.picture_option import check_picture


@dataclass(frozen=True)
class Extras:
    """What was asked for.

    Attributes:
        beside_own: whether the run's own test examples are scored beside other data.
        by: attributes of examples, whose groups are scored.
        shift, examples: names of corruptions, and how many examples are corrupted.
        picture: of the one or the other.
    """

    beside_own: bool = False
    by: list[str] | None = None
    shift: str | None = None
    examples: int | None = None
    picture: Path | None = None

    def check(self, run: Any, *, data: str | None) -> None:
        """Check it before anything is computed.

        Raises:
            ArgumentError, UnknownNameError, RunError: something cannot be measured or drawn.
        """
        if self.beside_own:
            from recipes.shift.domain import check_domain

            check_domain(data)
        shifts.check_shift(run, self.shift, examples=self.examples)
        groups.check_by(run, self.by, data=data)
        check_picture(self.picture, of=bool(self.shift) + bool(self.by))

    def measured(
        self,
        run: Any,
        found: Any,
        result: Mapping[str, Any],
        *,
        data: str | None,
        how: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the sections of the result.

        Args:
            run: that was scored.
            found: its answers.
            result: what is known so far.
            data: other data that was scored.
            how: arguments of `Run.scored` beside it.
        """
        told: dict[str, Any] = {}
        if self.beside_own:
            from recipes.shift.domain import beside_own

            told["domain"] = beside_own(run, found, result["metrics"], **how)
        if self.by:
            told |= groups.measured_groups(run, found, self.by, data=data, picture=self.picture)
        if self.shift is not None:
            corrupted = {"names": self.shift, "examples": self.examples}
            corrupted |= {name: how[name] for name in ("batch_size", "tta")}
            told |= shifts.measured_shift(run, found, corrupted, picture=self.picture)
        return told
