"""Measure scores against other data, what --abstain promises, and the test that compares two data sets.

    python benchmarks/out_of_distribution.py --write

Nothing is trained: all models are weights that ship with kerazoo. Results are appended to a file, and
what it holds already is not measured again. Needs TFDS_DATA_DIR with fashion_mnist, mnist, spoken_digit
and trec, and ZOO_DATA_DIR with mr_polarity, an4 and gcompris_words.
"""

import csv
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from looking import measured, parser, publish, start, table

import zoo
from recipes.drift.compare import Pooled, differences
from recipes.drift.samples import sample
from recipes.drift.texts import Texts
from recipes.runs.abstention import surest
from recipes.runs.answering import TEMPERATURE, decoder, tempered
from recipes.runs.evaluate import decoded
from recipes.runs.run import load_run
from zoo.data.pipeline import Encoded
from zoo.metrics.selective import acceptance
from zoo.transforms.corruptions import corruptions

PAIRS = (
    ("cnn_small.digits", "digit_pairs"),
    ("resnet20.fashion_mnist", "mnist"),
    ("textcnn.docstrings", "mr_polarity"),
    ("textcnn.docstrings", "trec"),
    ("ds_cnn_s.vowels", "formant_digits"),
    ("ds_cnn_s.vowels", "spoken_digit"),
    ("ds_cnn_s.spoken_digit", "vowels"),
    ("ds_cnn_s.spoken_digit", "an4"),
    ("ds_cnn_s.spoken_digit", "gcompris_words"),
)
PROMISES = {
    "cnn_small.digits": (0.02, 0.05),
    "resnet20.fashion_mnist": (0.01, 0.02, 0.05),
    "textcnn.docstrings": (0.05, 0.1, 0.15),
    "ds_cnn_s.vowels": (0.05, 0.1),
    "ds_cnn_s.spoken_digit": (0.02, 0.05),
}
TABLE = "breast cancer"
# data, of which 500 examples are compared with 500 others: the column that is changed, how, how much
CHANGES = {
    TABLE: ("mean radius", "half a standard deviation more", 0),
    "fashion_mnist": ("image", "brightness", 1),
    "docstrings": ("text", "typos", 2),
    "spoken_digit": ("audio", "noise", 1),
}
SHARES = (0.05, 0.1, 0.2, 0.4, 1.0)  # of the second sample, that are changed
EACH, POOL, POWERED = 500, 2000, 100  # of a sample; read; comparisons for each share
SCORES = ("max_softmax", "energy", "mahalanobis")


def main(arguments: list[str] | None = None) -> None:
    """Measure what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=200)
    options.add_argument("--results", type=Path, default=Path("out_of_distribution.jsonl"))
    options = options.parse_args(arguments)
    with start():
        cells = [("against", *pair) for pair in PAIRS]
        cells += [
            ("abstain", name, error, options.seeds)
            for name, errors in PROMISES.items()
            for error in errors
        ]
        cells += [("equal", name, 2 * options.seeds) for name in CHANGES]
        cells += [("changed", name, share, POWERED) for name in CHANGES for share in SHARES]
        found = measured(options.results, cells, cell)
        publish("out_of_distribution", to_lines(found, options.seeds), None, options)


def cell(kind: str, *arguments: Any) -> Any:
    """Return what is measured of one cell."""
    kinds: dict[str, Callable[..., Any]] = {"against": against, "abstain": promised}
    kinds |= {"equal": equal, "changed": changed}
    return kinds[kind](*arguments)


def against(name: str, other: str) -> dict[str, Any]:
    """Return how well each score tells a weight's test examples from another data set."""
    found = zoo.evaluate(name, against=other)["against"]
    return {"own": found["examples"], "notes": found["notes"], **found["sets"][other]}


@functools.lru_cache(maxsize=1)
def held_out(name: str) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return scores and mistakes of validation and test together, and how many are of validation."""
    run, scores, wrong = load_run(name), [], []
    splits, temperature = run.dataset().splits, run.metrics[TEMPERATURE]["value"]
    for part in ("validation", "test"):
        encoded = Encoded(splits[part], run.task, run.assets)
        found, truths = decoded(decoder(run), encoded, batch_size=256)
        score, answers = surest(tempered(found, temperature))
        scores.append(score)
        wrong.append(answers != truths[run.assets.label])
    return *map(np.concatenate, (scores, wrong)), len(scores[0]), len(scores[1])


def promised(name: str, error: float, splits: int) -> dict[str, Any]:
    """Return coverage and error on test over re-splits, and those of the split of training."""
    scores, wrong, count, tested = held_out(name)
    rows = []
    for seed in range(splits + 1):
        order = np.arange(len(scores))
        if seed:  # 0 is the split of training
            order = np.random.default_rng(seed).permutation(len(scores))
        chosen = acceptance(scores[order[:count]], wrong[order[:count]], error=error)
        test = order[count:]
        accepted = test[:0] if chosen is None else test[scores[test] >= chosen.threshold]
        mistakes = float(wrong[accepted].mean()) if len(accepted) else None
        rows.append((len(accepted) / len(test), mistakes))
    own, again = rows[0], rows[1:]
    kept = [mistakes for _, mistakes in again if mistakes is not None]
    return {
        "validation": count,
        "test": tested,
        "all": float(wrong.mean()),
        "own": own,
        "coverage": [coverage for coverage, _ in again],
        "errors": kept,
    }


@functools.lru_cache(maxsize=1)
def columns_of(name: str) -> tuple[dict[str, Pooled], int]:
    """Return the columns of a data set, as they are and then with one changed; and its examples."""
    with tempfile.TemporaryDirectory() as folder:
        place = write_table(Path(folder)) if name == TABLE else name
        found = sample(str(place), most=POOL, seed=0)
    column, how, severity = CHANGES[name]
    columns = {}
    for key, kind in found.kinds.items() if found.kinds else table_kinds(found):
        values = [as_number(v) for v in found.cells[key]] if name == TABLE else found.cells[key]
        others = altered(name, values, how, severity) if key == column else values
        columns[key] = Pooled.of(kind, values, others)
    return columns, len(found)


def write_table(folder: Path) -> Path:
    """Write the 569 rows, 30 measurements and diagnosis, that scikit-learn holds."""
    from sklearn.datasets import load_breast_cancer

    data, path = load_breast_cancer(), folder / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*data.feature_names, "diagnosis"])
        for row, target in zip(data.data, data.target, strict=True):
            writer.writerow([*row, data.target_names[target]])
    return path


def table_kinds(found: Any) -> list[tuple[str, Any]]:
    """Return what each column of the table holds."""
    from recipes.drift.table_columns import typed

    return [(key, typed(cells, cells)[0]) for key, cells in found.cells.items()]


def as_number(cell: str) -> Any:
    """Return a cell as a number, if it is one."""
    try:
        return float(cell)
    except ValueError:
        return cell


def altered(name: str, values: list[Any], how: str, severity: int) -> list[Any]:
    """Return the values of a column with the planted change."""
    if name == TABLE:
        return list(np.array(values) + 0.5 * np.std(values))
    dataset = zoo.load_dataset(name)
    column = dataset.features[CHANGES[name][0]]
    change = corruptions(column)[how]

    def one(value: Any, seed: int) -> Any:
        if isinstance(value, tuple):  # a sound with its rate
            return change(value[0], severity=severity, seed=(0, seed)), value[1]
        return change(value, severity=severity, seed=(0, seed))

    return [one(value, seed) for seed, value in enumerate(values)]


def compared(name: str, share: float, seed: int) -> dict[str, Any]:
    """Compare two samples without a common example, a share of the second one changed."""
    columns, count = columns_of(name)
    each = min(EACH, count // 2)
    rows = np.random.default_rng(seed).permutation(count)[: 2 * each]
    is_second = np.arange(2 * each) >= each
    rows[each : each + round(share * each)] += count  # where the changed ones are
    taken = {key: held.take(rows, is_second) for key, held in columns.items()}
    for key, held in taken.items():
        if isinstance(held.kind, Texts):  # measured by how many others have their words
            taken[key] = Pooled.of(held.kind, held.values[:each], held.values[each:])
    return differences(taken, (each, each), seed=seed)


def equal(name: str, splits: int) -> dict[str, Any]:
    """Return how often equal data is called different."""
    found = [compared(name, 0.0, seed) for seed in range(1, splits + 1)]
    return {
        "columns": len(found[0]["columns"]),
        "each": min(EACH, columns_of(name)[1] // 2),
        "splits": splits,
        "differ": sum(one["differ"] for one in found),
        "together": sum(one["test"]["p"] < one["level"] for one in found),
    }


def changed(name: str, share: float, splits: int) -> dict[str, Any]:
    """Return how often a planted change is found, and how often the right column is named."""
    found = [compared(name, share, seed) for seed in range(1, splits + 1)]
    column = CHANGES[name][0]
    return {
        "differ": sum(one["differ"] for one in found),
        "named": sum(one["columns"][column]["changed"] for one in found),
        "others": sum(
            any(told["changed"] for key, told in one["columns"].items() if key != column)
            for one in found
        ),
    }


def to_lines(found: dict[tuple[Any, ...], Any], splits: int) -> list[str]:
    """Return the page."""
    return [
        "# Inputs unlike the training data",
        "",
        *against_lines(found),
        "",
        *abstain_lines(found, splits),
        "",
        *drift_lines(found, 2 * splits),
    ]


def against_lines(found: dict[tuple[Any, ...], Any]) -> list[str]:
    """Return the section on scores."""
    rows = []
    for name, other in PAIRS:
        told = found["against", name, other]
        for score in SCORES:
            auroc = told["scores"][score]["auroc"]
            rows.append(
                (
                    f"`{name}`",
                    f"`{other}`",
                    f"{told['own']:,} / {told['examples']:,}",
                    f"`{score}`",
                    f"{auroc['value']:.3f} ({auroc['low']:.3f}–{auroc['high']:.3f})",
                    f"{100 * told['scores'][score]['fpr_at_95_tpr']['value']:.1f}",
                    f"{told['scores'][score]['aupr']['value']:.3f}",
                )
            )
    return [
        "## Scores",
        "",
        "`zoo evaluate WEIGHT --against OTHER`: the test examples of a shipped weight (positives) and "
        "those of another data set. AUROC with its 95 % interval (DeLong); the share of the other "
        "examples, in %, that pass a threshold which 95 % of the test examples pass; average precision. "
        "Mahalanobis distances are of the features before the head, with means and covariance of train "
        "(10,000 examples at most). Sounds are resampled to the rate of the model.",
        "",
        *table(
            ("weight", "other data", "examples", "score", "AUROC", "FPR at 95 % TPR", "AUPR"), rows
        ),
    ]


def abstain_lines(found: dict[tuple[Any, ...], Any], splits: int) -> list[str]:
    """Return the section on promises."""
    rows = []
    for name, errors in PROMISES.items():
        for error in errors:
            told = found["abstain", name, error, splits]
            kept, coverage = np.array(told["errors"]), np.array(told["coverage"])
            half = 1.96 * kept.std(ddof=1) / np.sqrt(len(kept)) if len(kept) > 1 else np.nan
            mean = f"{100 * kept.mean():.2f} ± {100 * half:.2f}" if len(kept) else "–"
            above = f"{100 * np.mean(kept > error):.1f}" if len(kept) else "–"
            own = told["own"]
            rows.append(
                (
                    f"`{name}`",
                    f"{told['validation']:,} / {told['test']:,}",
                    f"{100 * told['all']:.2f}",
                    f"{100 * error:g}",
                    f"{100 * len(kept) / splits:.1f}",
                    mean,
                    above,
                    f"{100 * coverage.mean():.1f}",
                    "–" if own[1] is None else f"{100 * own[1]:.2f} at {100 * own[0]:.1f}",
                )
            )
    columns = ("weight", "validation / test", "error of all", "promised")
    columns += (
        "a threshold was found",
        "error of accepted",
        "above the promise",
        "coverage",
        "as trained",
    )
    return [
        "## Promises",
        "",
        "`--abstain ERROR`: validation and test of a weight, shuffled together and divided "
        f"{splits} times into parts of the same sizes. The threshold is chosen on the first part; "
        "what it accepts of the second is counted. All numbers in %. *Error of accepted* is the "
        "mean over those re-splits in which a threshold was found, ± half its 95 % interval. "
        "*Above the promise* is the share of these re-splits whose second part had a higher error "
        "than promised: the promise is about the mean of all future examples, so a small second "
        "part may be above it by chance as well. *Coverage* is the share of the second part that "
        "is accepted, 0 where no threshold was found. *As trained* is the error at its coverage "
        "for the validation and test splits of training: validation chose the epoch there, and is "
        "not drawn like test where speakers or files divide them.",
        "",
        *table(columns, rows),
    ]


def drift_lines(found: dict[tuple[Any, ...], Any], splits: int) -> list[str]:
    """Return the section on comparisons of two data sets."""
    level, power = [], []
    for name, (column, how, severity) in CHANGES.items():
        told = found["equal", name, splits]
        level.append(
            (
                name,
                told["each"],
                told["columns"],
                share_of(told["differ"], splits),
                share_of(told["together"], splits),
            )
        )
        cells = [found["changed", name, share, POWERED] for share in SHARES]
        shown = [f"{one['differ']} / {one['named']} / {one['others']}" for one in cells]
        power.append(
            (name, f"{column}: {how}" + (f", severity {severity}" if severity else ""), *shown)
        )
    return [
        "## Two data sets",
        "",
        f"`zoo data A --compare B` on equal data: {splits} random divisions of a data set into two "
        "samples without a common example. How often it says that they differ (promised: 5 % at "
        "most), and how often the classifier test of all columns together is below 5 % by itself; "
        "in brackets the exact 95 % interval. The table is the breast cancer data that comes with "
        "scikit-learn.",
        "",
        *table(
            ("data", "examples of each", "columns", "called different, %", "classifier alone, %"),
            level,
        ),
        "",
        f"With a share of the second sample changed: of {POWERED} comparisons each, how often a "
        "difference was found / the changed column was named / another column was named.",
        "",
        *table(("data", "change", *(f"{100 * share:g} % changed" for share in SHARES)), power),
    ]


def share_of(count: int, total: int) -> str:
    """Write a share in % with its exact 95 % interval."""
    from scipy.stats import binomtest

    low, high = binomtest(count, total).proportion_ci()
    return f"{100 * count / total:.1f} ({100 * low:.1f}–{100 * high:.1f})"


if __name__ == "__main__":
    main()
