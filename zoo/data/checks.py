"""What is wrong with a data set: leaks between splits, unreadable images, missing classes."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image

from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

IMBALANCE = 10  # largest class / smallest class that is worth a warning
LEAK_SHARE = 0.005  # of a split; a score cannot be off by more than the share that leaks
# Set on Fashion-MNIST and MNIST: JPEG copies (quality 75) and brightened ones correlate by 0.995 or
# more in 19 of 20 cases, while 5 of MNIST's 10,000 test digits find so close a stroke in train.
NEAR_CORRELATION = 0.995  # of thumbnails
NEAR_DIFFERENCE = 6.0  # mean absolute difference of thumbnails, in levels of 0..255
NEAR_PAIRS_LIMIT = 5_000_000_000  # about a minute on two cores

_THUMBNAIL = 16  # pixels a side
_ROWS = 256  # thumbnails compared at once
_EXAMPLES = 5  # named in a finding
_HELD_OUT_FIRST = ("test", "validation", "train")


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


@dataclass
class _Scan:
    """What one pass over the images of a split leaves behind."""

    name: str
    split: Split
    digests: dict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    positions: list[int] = field(default_factory=list)  # of the thumbnails
    thumbnails: list[np.ndarray] = field(default_factory=list)  # uint8, (T * T,)
    corrupt: list[tuple[int, str]] = field(default_factory=list)
    constant: list[int] = field(default_factory=list)

    def names(self, positions: Sequence[int]) -> list[str]:
        return [f"{self.name} {self.split.name_of(i)}" for i in positions]


def check_dataset(dataset: Dataset, *, skipped_are_errors: bool = False) -> Report:
    """Look for what makes results wrong, reading every image once.

    - duplicates: the same pixels twice, across splits (a leak) or within one;
    - near duplicates across splits: thumbnails of 16 x 16 gray levels that correlate by
      `NEAR_CORRELATION` and differ by at most `NEAR_DIFFERENCE` levels on average. That finds
      copies saved again, resized or slightly brightened, not crops or mirrors;
    - corrupt files, constant images, classes missing from a split or rare in train.

    70,000 images of 28 x 28 pixels take about 20 seconds on two cores.

    Args:
        dataset: of images, or of anything with labels.
        skipped_are_errors: count files that were left out on loading as errors, not as notes.

    >>> from zoo.data.embedded.digits import load
    >>> check_dataset(load()).ok
    True
    """
    counts = dataset.counts()
    findings = [
        *_missing_classes(dataset, counts),
        *_imbalance(dataset, counts.get("train", [])),
    ]
    if "image" in dataset.features:
        order = [name for name in _HELD_OUT_FIRST if name in dataset.splits]
        scans = [_scan(name, dataset.splits[name]) for name in order]
        findings += _corrupt(scans, dataset.skipped, "error" if skipped_are_errors else "note")
        findings += _constant(scans)
        for held, other in combinations(scans, 2):
            findings += _leaks(held, other)
        for scan in scans:
            findings += _repeats(scan)
    rank = {"error": 0, "warning": 1, "note": 2}
    findings.sort(key=lambda finding: rank[finding.severity])
    return Report(dataset=dataset.name, counts=counts, findings=tuple(findings))


def _scan(name: str, split: Split) -> _Scan:
    scan = _Scan(name, split)
    for index in range(len(split)):
        try:
            image = np.ascontiguousarray(split[index]["image"])  # (H, W, C)
        except DataError as error:
            scan.corrupt.append((index, error.problem))
            continue
        digest = hashlib.blake2b(image.data, digest_size=16, key=str(image.shape).encode())
        scan.digests[digest.digest()].append(index)
        if image.min() == image.max():
            scan.constant.append(index)
            continue  # constant images correlate with nothing
        scan.positions.append(index)
        scan.thumbnails.append(_thumbnail(image))
    return scan


def _thumbnail(image: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert("L")
    small = picture.resize((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small).reshape(-1)


def _missing_classes(dataset: Dataset, counts: Mapping[str, list[int]]) -> list[Finding]:
    findings = []
    for split, numbers in counts.items():
        missing = [dataset.classes[i] for i, number in enumerate(numbers) if number == 0]
        if missing:
            what = "cannot be learnt" if split == "train" else "are not measured"
            findings.append(
                Finding(
                    check="missing_classes",
                    severity="error" if split == "train" else "warning",
                    count=len(missing),
                    message=f"{len(missing)} class(es) have no example in {split} and {what}.",
                    examples=tuple(missing[:_EXAMPLES]),
                    fix=f"add examples of them to {split}, or remove the classes",
                )
            )
    return findings


def _imbalance(dataset: Dataset, counts: Sequence[int]) -> list[Finding]:
    present = [number for number in counts if number]
    if not present or max(present) <= IMBALANCE * min(present):
        return []
    order = np.argsort([number or max(present) for number in counts], kind="stable")
    ratio = max(present) / min(present)
    return [
        Finding(
            check="class_imbalance",
            severity="warning",
            count=sum(number * IMBALANCE < max(present) for number in present),
            message=f"The largest class of train is {ratio:.0f} times the smallest.",
            examples=tuple(f"{dataset.classes[i]}: {counts[i]}" for i in order[:_EXAMPLES]),
            fix="watch macro_f1 instead of accuracy, or add examples of the rare classes",
        )
    ]


def _corrupt(
    scans: Sequence[_Scan], skipped: Sequence[str], skipped_severity: str
) -> list[Finding]:
    findings = []
    problems = [problem for scan in scans for _, problem in scan.corrupt]
    if problems:
        findings.append(
            Finding(
                check="corrupt",
                severity="error",
                count=len(problems),
                message=f"{len(problems)} image(s) cannot be read.",
                examples=tuple(problems[:_EXAMPLES]),
                fix="replace them, or load the data set with skip_corrupt=True",
            )
        )
    if skipped:
        findings.append(
            Finding(
                check="skipped",
                severity=skipped_severity,
                count=len(skipped),
                message=f"{len(skipped)} unreadable image(s) were left out.",
                examples=tuple(skipped[:_EXAMPLES]),
                fix="replace or remove them; training leaves them out with --skip-corrupt",
            )
        )
    return findings


def _constant(scans: Sequence[_Scan]) -> list[Finding]:
    names = [name for scan in scans for name in scan.names(scan.constant)]
    if not names:
        return []
    return [
        Finding(
            check="constant",
            severity="warning",
            count=len(names),
            message=f"{len(names)} image(s) have the same value in every pixel.",
            examples=tuple(names[:_EXAMPLES]),
            fix="remove them, or mend what wrote them",
        )
    ]


def _repeats(scan: _Scan) -> list[Finding]:
    groups = [members for members in scan.digests.values() if len(members) > 1]
    if not groups:
        return []
    labels = scan.split.labels
    at_odds = sum(len(set(labels[members])) > 1 for members in groups)
    extra = sum(len(members) - 1 for members in groups)
    message = f"{extra} image(s) of {scan.name} repeat another of {scan.name}"
    return [
        Finding(
            check="duplicates_within_split",
            severity="warning" if at_odds else "note",
            count=extra,
            message=message + (f"; {at_odds} group(s) carry different labels." if at_odds else "."),
            examples=tuple(" = ".join(scan.names(g[:3])) for g in groups[:_EXAMPLES]),
            fix="keep one of each" + (", with the right label" if at_odds else ""),
        )
    ]


def _leaks(held: _Scan, other: _Scan) -> list[Finding]:
    """Look for images of `held`, which should be held out, in `other`."""
    findings = []
    same = {
        index: other.digests[digest][0]
        for digest, members in held.digests.items()
        if digest in other.digests
        for index in members
    }
    if same:
        at_odds = int(sum(held.split.labels[i] != other.split.labels[j] for i, j in same.items()))
        labels = f", {at_odds} of them with another label" if at_odds else ""
        share = len(same) / len(held.split)
        findings.append(
            Finding(
                check="duplicates_across_splits",
                severity="error" if share > LEAK_SHARE else "warning",
                count=len(same),
                message=f"{len(same)} image(s) of {held.name} ({share:.2%}) are in {other.name} too"
                f"{labels}.",
                examples=_pairs(held, other, same, "="),
                fix=f"remove them from {other.name}",
            )
        )
    if len(held.positions) * len(other.positions) > NEAR_PAIRS_LIMIT:
        return [*findings, _not_searched(held, other)]
    near = {i: j for i, j in _near(held, other).items() if i not in same}
    if near:
        share = len(near) / len(held.split)
        findings.append(
            Finding(
                check="near_duplicates_across_splits",
                severity="warning",  # what looks alike may be two things: a person must look
                count=len(near),
                message=f"{len(near)} image(s) of {held.name} ({share:.2%}) look almost like one "
                f"of {other.name}.",
                examples=_pairs(held, other, near, "~"),
                fix=f"look at them; remove from {other.name} those that show the same thing",
            )
        )
    return findings


def _pairs(held: _Scan, other: _Scan, pairs: Mapping[int, int], sign: str) -> tuple[str, ...]:
    shown = list(pairs)[:_EXAMPLES]
    left, right = held.names(shown), other.names([pairs[i] for i in shown])
    return tuple(f"{a} {sign} {b}" for a, b in zip(left, right, strict=True))


def _not_searched(held: _Scan, other: _Scan) -> Finding:
    return Finding(
        check="near_duplicates_across_splits",
        severity="note",
        count=0,
        message=f"{held.name} and {other.name} are too large to search for near duplicates.",
        examples=(),
        fix="check a part of the data set",
    )


def _near(held: _Scan, other: _Scan) -> dict[int, int]:
    """Return the position in `other` of the most correlated thumbnail, where it is near enough."""
    if not held.positions or not other.positions:
        return {}
    mine, theirs = np.stack(held.thumbnails), np.stack(other.thumbnails)
    theirs_unit = _standardised(theirs)  # (M, T * T)
    found = {}
    for start in range(0, len(mine), _ROWS):
        rows = mine[start : start + _ROWS]
        correlation = _standardised(rows) @ theirs_unit.T  # (rows, M)
        best = correlation.argmax(axis=1)
        gap = np.abs(rows.astype("float32") - theirs[best]).mean(axis=1)
        alike = correlation[np.arange(len(rows)), best] >= NEAR_CORRELATION
        for row in np.flatnonzero(alike & (gap <= NEAR_DIFFERENCE)):
            found[held.positions[start + row]] = other.positions[best[row]]
    return found


def _standardised(thumbnails: np.ndarray) -> np.ndarray:
    values = thumbnails.astype("float32")
    values -= values.mean(axis=1, keepdims=True)
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-6)
