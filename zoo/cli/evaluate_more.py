"""What `zoo evaluate` measures beside the metrics: corrupted copies, other data, a promise."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from zoo.cli import abstaining
from zoo.cli import against_table as others
from zoo.cli import shift_table as shifts


@final
@dataclass(frozen=True)
class More:
    """The options of `zoo evaluate` that ask for more, as the command documents them."""

    shift: str | None
    examples: int | None
    against: str | None
    abstain: str | None
    picture: Path | None

    def check(self, run: Any, *, tta: int) -> None:
        """Refuse what cannot be measured, before anything is computed; errors as of each option."""
        others.check_against(run, self.against, tta=tta, shift=self.shift, picture=self.picture)
        picture = None if self.against else self.picture
        shifts.check_shift(run, self.shift, examples=self.examples, picture=picture)
        abstaining.checked(run, self.abstain)

    def measured(
        self, run: Any, found: Any, how: dict[str, Any], *, data: str | None, data_dir: str | None
    ) -> dict[str, Any]:
        """Return the further sections of the result.

        Args:
            run: that is evaluated.
            found: its scored examples.
            how: `batch_size`, `tta` and `calibrated` of the evaluation.
            data, data_dir: of the command.
        """
        where, result = {"data": data, "data_dir": data_dir}, {}
        plain = {"batch_size": how["batch_size"]}
        error = abstaining.checked(run, self.abstain)
        result |= abstaining.promised(run, found, error, how=how, **where)
        if self.shift is not None:
            corrupted = {"names": self.shift, "examples": self.examples, "tta": how["tta"]} | plain
            picture = None if self.against else self.picture
            result["shift"] = shifts.measured_shift(run, found, corrupted, picture=picture)
        if self.against is not None:
            asked = {"against": self.against} | where | plain
            result["against"] = others.measured_against(run, found, asked, picture=self.picture)
        return result
