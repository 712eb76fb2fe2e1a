"""What `zoo evaluate` measures beside the metrics: groups and corruptions."""

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
        by: attributes of examples, whose groups are scored.
        shift, examples: names of corruptions, and how many examples are corrupted.
        picture: of the one or the other.
    """

    by: list[str] | None = None
    shift: str | None = None
    examples: int | None = None
    picture: Path | None = None

    def check(self, run: Any, *, data: str | None) -> None:
        """Check it before anything is computed.

        Raises:
            ArgumentError, UnknownNameError, RunError: something cannot be measured or drawn.
        """
        shifts.check_shift(run, self.shift, examples=self.examples)
        groups.check_by(run, self.by, data=data)
        check_picture(self.picture, of=bool(self.shift) + bool(self.by))

    def measured(
        self, run: Any, found: Any, *, data: str | None, batch_size: int, tta: int
    ) -> dict[str, Any]:
        """Return the sections of the result.

        Args:
            run: that was scored.
            found: its answers.
            data: other data that was scored.
            batch_size, tta: of prediction.
        """
        told: dict[str, Any] = {}
        if self.by:
            told |= groups.measured_groups(run, found, self.by, data=data, picture=self.picture)
        if self.shift is not None:
            how = {"names": self.shift, "examples": self.examples}
            how |= {"batch_size": batch_size, "tta": tta}
            told |= shifts.measured_shift(run, found, how, picture=self.picture)
        return told
