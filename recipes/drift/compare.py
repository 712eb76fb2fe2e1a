"""Compare two data sets: a test of all columns together, one of each column, and what changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recipes.drift.categories import Categories
from recipes.drift.kind import Kind
from recipes.drift.samples import FEWEST, Sample, sample
from recipes.drift.table_columns import as_kind, typed
from recipes.drift.two_sample import Test, classifier_test, holm, numbers_test
from zoo.errors import ArgumentError, DataError

LEVEL = 0.05  # of all tests
MOST_EXAMPLES = 2_000  # of a data set
ABSENT = " is given"  # what a column is called of which some values are absent
SMALL = 0.2  # deviations between two means, below which the deviations are given as well
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Pooled:
    """One column of both samples, the first sample's values first.

    Attributes:
        kind: what it holds.
        values: of both, without absent ones.
        is_second: which of them are the second sample's, bool (N,).
        rows: their places among all examples of both samples, (N,).
        measured: (N, number of measures).
        features: (N, D).
    """

    kind: Kind
    values: Sequence[Any]
    is_second: np.ndarray
    rows: np.ndarray
    measured: np.ndarray
    features: np.ndarray

    def take(self, rows: np.ndarray, is_second: np.ndarray) -> "Pooled":
        """Return a column of some rows, of which none is absent, divided anew."""
        return replace(
            self,
            values=[self.values[i] for i in rows],
            is_second=is_second,
            rows=np.arange(len(rows)),
            measured=self.measured[rows],
            features=self.features[rows],
        )

    @classmethod
    def of(cls, kind: Kind, first: Sequence[Any], second: Sequence[Any]) -> "Pooled":
        """Measure the values that are there."""
        both = [*first, *second]
        rows = np.array([i for i, value in enumerate(both) if value is not None], "int64")
        values = [both[i] for i in rows]
        measured = kind.measured(values)
        features = kind.features(values, measured)
        return cls(kind, values, rows >= len(first), rows, measured, features)


def compare_data(
    first: str,
    second: str,
    *,
    most: int = MOST_EXAMPLES,
    seed: int = 0,
    data_dir: str | None = None,
    progress: Progress = lambda words: None,
) -> dict[str, Any]:
    """Tell whether two data sets differ, and in what.

    All columns together: a classifier is fitted to tell the sets apart on one half of the examples and
    tested on the other (1610.06545). Each column: numbers by Kolmogorov and Smirnov, categories by
    chi-squared, images, sounds and texts by such a classifier. All p-values are corrected by Holm. Of a
    column that changed, measures such as brightness or length are compared one by one, again corrected.
    Equal data is called different in at most 5 of 100 comparisons.

    Args:
        first, second: names of data sets, whose splits are joined; folders of files of one kind; or
            tables with any columns.
        most: examples that are drawn of each.
        seed: of the draws and of the halves.
        data_dir: folder of TFDS data.
        progress: called with what is about to be done.

    Returns:
        {"first", "second": {"name", "examples", "taken"}, "level", "differ", "test": {"name",
        "statistic", "p", "p_holm"}, "columns": {name: {"kind", "test", "statistic", "p", "p_holm",
        "changed", "measures": {name: {"first", "second", "deviations", "p_holm", "changed"}}, "words"}},
        "notes"}.

    Raises:
        UnknownNameError, DataError: a set is not there, is too small, or has no column in common with
            the other.

    >>> found = compare_data("digits", "digits")
    >>> found["differ"], list(found["columns"])
    (False, ['image', 'label'])
    """
    return compared(first, second, most=most, seed=seed, data_dir=data_dir, progress=progress)[0]


def compared(
    first: str,
    second: str,
    *,
    most: int = MOST_EXAMPLES,
    seed: int = 0,
    data_dir: str | None = None,
    progress: Progress = lambda words: None,
) -> tuple[dict[str, Any], dict[str, Pooled]]:
    """Return the same, and the columns of both sets as they were measured, for a picture."""
    if most < FEWEST:
        raise ArgumentError(
            f"most={most} is too few to compare.", expected=f"{FEWEST} or more", fix="give more"
        )
    samples = []
    for place, name in enumerate((str(first), str(second))):
        progress(f"reading {name}")
        samples.append(sample(name, most=most, seed=seed + place, data_dir=data_dir))
    notes = [note for one in samples for note in one.notes]
    if str(first) == str(second):
        notes.append("Both sides are the same data, so an AUROC below 0.5 means nothing.")
    matched = _matched(*samples, notes)
    progress("measuring")
    columns = {}
    for name, (kind, *parts) in matched.items():
        columns[name] = Pooled.of(kind, *parts)
        if len(columns[name].rows) < len(samples[0]) + len(samples[1]):
            there = [["no" if value is None else "yes" for value in part] for part in parts]
            columns[name + ABSENT] = Pooled.of(Categories(), *there)
    progress("testing")
    sides = {
        key: {"name": one.name, "examples": one.examples, "taken": len(one)}
        for key, one in zip(("first", "second"), samples, strict=True)
    }
    sizes = (len(samples[0]), len(samples[1]))
    return sides | differences(columns, sizes, seed=seed) | {"notes": notes}, columns


def differences(
    columns: Mapping[str, Pooled], sizes: tuple[int, int], *, seed: int = 0
) -> dict[str, Any]:
    """Test columns that are measured already; `compare_data` describes the result.

    Args:
        columns: by name.
        sizes: examples of both samples.
        seed: of the halves.
    """
    tests = {
        name: held.kind.test(held.values, held.features, held.is_second, seed=seed)
        for name, held in columns.items()
    }
    if len(columns) == 1:
        ((name, test),) = tests.items()  # all there is
        together, corrected = (test.p, test.p), {name: test.p}
    else:
        is_second = np.arange(sum(sizes)) >= sizes[0]
        test = classifier_test(together_of(columns, sizes), is_second, seed=seed)
        first, *others = holm([test.p, *(each.p for each in tests.values())])
        together, corrected = (test.p, first), dict(zip(tests, others, strict=True))
    changed = {name for name, p in corrected.items() if p < LEVEL}
    return {
        "level": LEVEL,
        "differ": together[1] < LEVEL or bool(changed),
        "test": {
            "name": test.name,
            "statistic": test.value,
            "p": together[0],
            "p_holm": together[1],
        },
        "columns": _told(columns, tests, corrected, changed),
    }


def together_of(columns: Mapping[str, Pooled], sizes: tuple[int, int]) -> np.ndarray:
    """Return the features of all columns, (N, D); those of absent values are 0, the mean."""
    parts = []
    for held in columns.values():
        part = np.zeros((sum(sizes), held.features.shape[1]))
        part[held.rows] = held.features
        parts.append(part)
    return np.column_stack(parts)


def _told(
    columns: Mapping[str, Pooled],
    tests: Mapping[str, Test],
    corrected: Mapping[str, float],
    changed: set[str],
) -> dict[str, Any]:
    """Return the result of each column, with measures of those that changed."""
    measures = _measures({name: columns[name] for name in columns if name in changed})
    found = {}
    for name, held in columns.items():
        words = held.kind.words(held.values, held.is_second) if name in changed else []
        found[name] = {
            "kind": held.kind.word,
            "test": tests[name].name,
            "statistic": tests[name].value,
            "p": tests[name].p,
            "p_holm": corrected[name],
            "changed": name in changed,
            "measures": measures.get(name, {}),
            "words": [*_sentences(held.kind, measures.get(name, {})), *words],
        }
    return found


def _measures(columns: Mapping[str, Pooled]) -> dict[str, dict[str, Any]]:
    """Return the means of each measure in both samples, and whether its distribution differs."""
    keys, parts = [], []
    for name, held in columns.items():
        for i, measure in enumerate(held.kind.measures):
            column = held.measured[:, i]
            keys.append((name, measure.name))
            parts.append((column[~held.is_second], column[held.is_second]))
    ps = holm([numbers_test(*part).p for part in parts])
    found: dict[str, dict[str, Any]] = {}
    for (name, measure), part, p in zip(keys, parts, ps, strict=True):
        means = [float(one.mean()) for one in part]
        told = {"first": means[0], "second": means[1], "p_holm": p, "changed": p < LEVEL}
        told["deviations"] = [float(one.std()) for one in part]
        found.setdefault(name, {})[measure] = told
    return found


def _sentences(kind: Kind, measures: Mapping[str, Any]) -> list[str]:
    """Return "mean brightness 112.0 → 74.0" for each measure that changed; numbers have other words."""
    if len(kind.measures) < 2:
        return []
    told = []
    for measure in kind.measures:
        found = measures.get(measure.name)
        if found and found["changed"]:
            words = f"{measure.text(found['first'])} → {measure.text(found['second'])}"
            first, second = found["deviations"]
            if abs(found["first"] - found["second"]) < SMALL * max(first, second):
                words += f", deviation {measure.text(first)} → {measure.text(second)}"
            told.append(f"{measure.name} {words}")
    return told


def _matched(
    first: Sample, second: Sample, notes: list[str]
) -> dict[str, tuple[Kind, Sequence[Any], Sequence[Any]]]:
    """Return the columns that both samples have: by name, or where each has one of a kind.

    Raises:
        DataError: there are none.
    """
    found, pairs = {}, [(name, name) for name in first.cells if name in second.cells]
    lonely = [
        [name for name in one.kinds if name not in other.cells and one.kinds[name].measures]
        for one, other in ((first, second), (second, first))
    ]
    for name in lonely[0]:
        alike = [k for k in lonely[1] if second.kinds[k] == first.kinds[name]]
        if len(alike) == 1 and sum(first.kinds[k] == first.kinds[name] for k in lonely[0]) == 1:
            pairs.append((name, alike[0]))
            notes.append(f"{name} of {first.name} is compared with {alike[0]} of {second.name}.")
    for mine, theirs in pairs:
        kind, *parts = _together(first, mine, second, theirs)
        if kind is None:
            notes.append(f"{mine} is left out: it names rows, or holds different things in both.")
        elif all(any(value is not None for value in part) for part in parts):
            found[mine] = (kind, *parts)
    taken = {name for pair in pairs for name in pair}
    for one in (first, second):
        rest = [name for name in one.cells if name not in taken]
        notes += [f"Only {one.name} has {', '.join(rest)}."] if rest else []
    if not found:
        held = [", ".join(one.cells) or "nothing" for one in (first, second)]
        raise DataError(
            f"{first.name} and {second.name} have no column in common that can be compared.",
            expected=f"columns of one name and kind; the first has {held[0]}, the second {held[1]}",
            fix="rename the columns of one of them, or compare other data",
        )
    return found


def _together(
    first: Sample, mine: str, second: Sample, theirs: str
) -> tuple[Kind | None, Sequence[Any], Sequence[Any]]:
    """Return what two columns hold, None where that is not the same, and their values."""
    kinds = (first.kinds.get(mine), second.kinds.get(theirs))
    parts: list[Any] = [first.cells[mine], second.cells[theirs]]
    if kinds == (None, None):
        return typed(*parts)
    kind = kinds[0] or kinds[1]
    for place, own in enumerate(kinds):
        if own is None:  # a table's column takes after the other
            parts[place] = as_kind(kind, parts[place])
        elif own != kind:
            return None, *parts
    return (None if None in parts else kind), *parts
