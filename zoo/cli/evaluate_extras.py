"""What `zoo evaluate` measures beside the metrics, such as groups, corruptions and other data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.cli import abstaining
from zoo.cli import against_table as others
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
        against: other data beside which its own are scored.
        abstain: share of accepted answers that may be wrong, as it was written.
        picture: of groups, corruptions or other data.
    """

    beside_own: bool = False
    by: list[str] | None = None
    shift: str | None = None
    examples: int | None = None
    against: str | None = None
    abstain: str | None = None
    picture: Path | None = None

    def check(self, run: Any, *, data: str | None, tta: int) -> None:
        """Check it before anything is computed.

        Raises:
            ArgumentError, UnknownNameError, RunError: something cannot be measured or drawn.
        """
        if self.beside_own:
            from recipes.shift.domain import check_domain

            check_domain(data)
        shifts.check_shift(run, self.shift, examples=self.examples)
        groups.check_by(run, self.by, data=data)
        others.check_against(run, self.against, tta=tta)
        abstaining.checked(run, self.abstain)
        check_picture(self.picture, of=bool(self.shift) + bool(self.by) + bool(self.against))

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
        where = {"data": data, "data_dir": how["data_dir"]}
        if self.against is not None:
            asked = {"against": self.against, "batch_size": how["batch_size"]} | where
            told |= others.measured_against(run, found, asked, picture=self.picture)
        error = abstaining.checked(run, self.abstain)
        return told | abstaining.promised(run, found, error, how=how, **where)
