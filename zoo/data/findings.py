"""The result of a data check: findings, and a report of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

NAMED = 5  # examples in a finding


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a check found.

    Attributes:
        check: which check, e.g. "duplicates_across_splits".
        severity: "error" (results would be wrong), "warning" (look at it) or "note".
        count: how many examples, pairs or classes.
        message: what was found, in a sentence.
        examples: a few of them by name.
        fix: what to do.
    """

    check: str
    severity: str
    count: int
    message: str
    examples: tuple[str, ...]
    fix: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """All findings on a data set, errors first.

    Attributes:
        dataset: its name.
        counts: examples by split and class.
        findings: empty where nothing is wrong.
    """

    dataset: str
    counts: Mapping[str, list[int]]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings and notes may be there."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        findings = [asdict(f) | {"examples": list(f.examples)} for f in self.findings]
        return {
            "dataset": self.dataset,
            "ok": self.ok,
            "counts": {name: list(counts) for name, counts in self.counts.items()},
            "findings": findings,
        }
