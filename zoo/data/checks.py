"""Checks of a data set: leaks between splits, unreadable files, missing classes."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from zoo.columns import Audio
from zoo.data import labels
from zoo.data.dataset import Dataset
from zoo.data.duplicates import leaks, passages, repeats
from zoo.data.findings import NAMED, Finding, Report
from zoo.data.scans import LOOKS, Scan, scan
from zoo.errors import DataError

IMBALANCE = 10  # largest class / smallest class that is worth a warning
ODD_LENGTH = 10  # times the median, or a part of it

_HELD_OUT_FIRST = ("test", "validation", "train")
_ODD = {  # name in `zoo.data.scans`: severity, message, what to do
    "constant": (
        "warning",
        "have the same value in every pixel",
        "remove them, or fix what wrote them",
    ),
    "wordless": ("warning", "hold no letter and no digit", "remove them"),
    "undecoded": (
        "warning",
        "hold a character that could not be decoded (\N{REPLACEMENT CHARACTER})",
        "decode the source again, in the encoding that it was written in",
    ),
    "silent": (
        "warning",
        "are silent: no sample is louder than -60 dB of full scale",
        "remove them, or record them again",
    ),
    "clipped": (
        "warning",
        "are clipped: runs of samples at full scale",
        "record them again at a lower level; if need be, keep them",
    ),
}


def check_dataset(dataset: Dataset, *, skipped_are_errors: bool = False) -> Report:
    """Look for problems that make results wrong, reading every example once.

    - duplicates: the same pixels, text or samples (without the silence around) twice, across splits
      (a leak) or within one;
    - near duplicates across splits. Images and sounds: thumbnails of 16 x 16 cells (of a sound, its
      spectrogram) that correlate by 0.99 or more, which finds copies that were saved again, resized,
      slightly brightened, made louder or padded, not crops or mixtures. Texts: the same words, or
      sequences of five characters of which 0.9 are shared;
    - passages of 13 words across splits, where texts have no classes;
    - groups (speakers, authors) on both sides; classes missing from a split, rare in train, or
      spelled in two ways;
    - unreadable files, constant images, silent or clipped sounds, texts without words, sample rates
      that differ, lengths far from the median.

    70,000 images of 28 x 28 pixels or 70,000 sentences take about 20 seconds on two cores.

    Args:
        dataset: of images, texts or sounds, or of anything with labels.
        skipped_are_errors: count files left out on loading as errors, not as notes.

    >>> from zoo.data.embedded.digits import load
    >>> check_dataset(load()).ok
    True
    """
    counts = dataset.counts()
    findings = _groups(dataset)
    if dataset.classes:
        findings += _alike_classes(dataset, counts)
        findings += _missing_classes(dataset, counts)
        findings += _imbalance(dataset, counts.get("train", []))
    kinds = {type(kind): name for name, kind in reversed(dataset.features.items())}
    column = next((kinds[kind] for kind in LOOKS if kind in kinds), None)
    if column is not None:
        kind = dataset.features[column]
        order = [name for name in _HELD_OUT_FIRST if name in dataset.splits]
        scans = [scan(name, dataset.splits[name], column=column, kind=kind) for name in order]
        findings += _corrupt(scans, dataset.skipped, "error" if skipped_are_errors else "note")
        for name in _ODD:
            findings += _odd(scans, name)
        for held, other in combinations(scans, 2):
            findings += leaks(held, other)
            if held.looks.quoted and not dataset.classes:
                findings += passages(held, other)
        for one in scans:
            findings += repeats(one)
        findings += _lengths(scans) if dataset.classes and scans[0].looks.unit else []
        findings += _rates(dataset, kind) if isinstance(kind, Audio) else []
    rank = {"error": 0, "warning": 1, "note": 2}
    findings.sort(key=lambda finding: rank[finding.severity])
    return Report(dataset=dataset.name, counts=counts, findings=tuple(findings))


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
                    examples=tuple(missing[:NAMED]),
                    fix=f"add examples of them to {split}, or remove the classes",
                )
            )
    return findings


def _alike_classes(dataset: Dataset, counts: Mapping[str, list[int]]) -> list[Finding]:
    groups = labels.alike(dataset.classes)
    if not groups:
        return []
    total = np.sum(list(counts.values()), axis=0)
    shown = [
        ", ".join(f"{labels.spelled(dataset.classes[i])} ({total[i]})" for i in members)
        for members in groups
    ]
    return [
        Finding(
            check="alike_classes",
            severity="warning",
            count=sum(map(len, groups)),
            message=f"{sum(map(len, groups))} classes differ from each other only in case, spaces, "
            "Unicode form or zero-width characters.",
            examples=tuple(shown[:NAMED]),
            fix="give each class one spelling, unless they are meant to be several",
        )
    ]


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
            examples=tuple(f"{dataset.classes[i]}: {counts[i]}" for i in order[:NAMED]),
            fix="train with training.class_weights=balanced or data.sampling=balanced, and judge by "
            "balanced_accuracy instead of accuracy; or add examples of the rare classes",
        )
    ]


def _corrupt(scans: Sequence[Scan], skipped: Sequence[str], skipped_severity: str) -> list[Finding]:
    findings = []
    word = scans[0].looks.word
    problems = [problem for scan in scans for problem in scan.corrupt]
    if problems:
        findings.append(
            Finding(
                check="corrupt",
                severity="error",
                count=len(problems),
                message=f"{len(problems)} {word} cannot be read.",
                examples=tuple(problems[:NAMED]),
                fix="replace them, or load the data set with skip_corrupt=True",
            )
        )
    if skipped:
        findings.append(
            Finding(
                check="skipped",
                severity=skipped_severity,
                count=len(skipped),
                message=f"{len(skipped)} {word} that cannot be used were left out.",
                examples=tuple(skipped[:NAMED]),
                fix="replace or remove them; training leaves them out with --skip-corrupt",
            )
        )
    return findings


def _odd(scans: Sequence[Scan], check: str) -> list[Finding]:
    names = [name for scan in scans for name in scan.names(scan.odd.get(check, ()))]
    if not names:
        return []
    severity, what, fix = _ODD[check]
    return [
        Finding(
            check=check,
            severity=severity,
            count=len(names),
            message=f"{len(names)} {scans[0].looks.word} {what}.",
            examples=tuple(names[:NAMED]),
            fix=fix,
        )
    ]


def _lengths(scans: Sequence[Scan]) -> list[Finding]:
    """Look for lengths far from the median, which cost time or say that something was cut."""
    every = [length for scan in scans for length in scan.lengths.values()]
    if not every:
        return []
    median, unit = float(np.median(every)), scans[0].looks.unit
    findings = []
    for check, how in (("long", "longer"), ("short", "shorter")):
        odd = [
            (length, scan, index)
            for scan in scans
            for index, length in scan.lengths.items()
            if (length > ODD_LENGTH * median if check == "long" else length * ODD_LENGTH < median)
        ]
        if not odd:
            continue
        odd.sort(key=lambda item: item[0], reverse=check == "long")
        shown = [(length, scan.names([index])[0]) for length, scan, index in odd[:NAMED]]
        word = scans[0].looks.word
        findings.append(
            Finding(
                check=check,
                severity="note",
                count=len(odd),
                message=f"{len(odd)} {word} are more than {ODD_LENGTH} times {how} than the median "
                f"({median:.4g} {unit}).",
                examples=tuple(f"{name}: {length:.4g} {unit}" for length, name in shown),
                fix="look at them; a model sees no more than the length in its recipe",
            )
        )
    return findings


def _groups(dataset: Dataset) -> list[Finding]:
    findings = []
    order = [name for name in _HELD_OUT_FIRST if name in dataset.splits]
    for held, other in combinations(order, 2):
        columns = [dataset.splits[name].columns.get("group") for name in (held, other)]
        if any(column is None for column in columns):
            continue
        there = set(columns[1])
        crossing = sorted(set(columns[0]) & there)
        if crossing:
            share = sum(group in there for group in columns[0]) / max(1, len(columns[0]))
            findings.append(
                Finding(
                    check="groups_across_splits",
                    severity="error",
                    count=len(crossing),
                    message=f"{len(crossing)} group(s) of {held} ({share:.2%} of its examples) are "
                    f"in {other} too: results say nothing about new ones.",
                    examples=tuple(map(str, crossing[:NAMED])),
                    fix="divide by whole groups: group_column or group_pattern, without splits of "
                    "your own",
                )
            )
    return findings


def _rates(dataset: Dataset, column: Audio) -> list[Finding]:
    """Read the headers of a folder's files again: what was decoded has one rate."""
    if dataset.source != "folder":
        return []
    from zoo.columns.readers.audio import audio_info

    wanted = column.sample_rate_hz
    odd = []
    for split in dataset.splits.values():
        for index in range(len(split)):
            name = split.name_of(index)
            try:
                rate = audio_info(Path(dataset.name) / name).sample_rate_hz
            except DataError:
                continue  # it was named as unreadable
            if rate != wanted:
                odd.append(f"{name}: {rate:,} Hz")
    if not odd:
        return []
    return [
        Finding(
            check="mixed_rates",
            severity="warning",
            count=len(odd),
            message=f"{len(odd)} sound(s) differ in sample rate from the others ({wanted:,} Hz) "
            "and were resampled; lower rates lack what lies above half of them.",
            examples=tuple(odd[:NAMED]),
            fix="record all at one rate; make sure that the rate does not reveal the class",
        )
    ]
