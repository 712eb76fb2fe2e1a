"""Measure scores against other data, what --abstain promises, and the test that compares two data sets.

    python benchmarks/out_of_distribution.py --write

Nothing is trained: all models are weights that ship with kerazoo. Results are appended to a file, and
what it holds already is not measured again. Needs TFDS_DATA_DIR with fashion_mnist, mnist, spoken_digit
and trec, and ZOO_DATA_DIR with mr_polarity, an4 and gcompris_words.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
from looking import measured, parser, publish, start, table

import zoo
from recipes.runs.abstention import surest
from recipes.runs.answering import TEMPERATURE, decoder, tempered
from recipes.runs.evaluate import decoded
from recipes.runs.run import load_run
from zoo.data.pipeline import Encoded
from zoo.metrics.selective import acceptance

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
        found = measured(options.results, cells, cell)
        publish("out_of_distribution", to_lines(found, options.seeds), None, options)


def cell(kind: str, *arguments: Any) -> Any:
    """Return what is measured of one cell."""
    return {"against": against, "abstain": promised}[kind](*arguments)


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


def to_lines(found: dict[tuple[Any, ...], Any], splits: int) -> list[str]:
    """Return the page."""
    return [
        "# Inputs unlike the training data",
        "",
        *against_lines(found),
        "",
        *abstain_lines(found, splits),
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
        "`zoo evaluate WEIGHT --against OTHER`: the test examples of a shipped weight (positives) against "
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
        f"`--abstain ERROR`: validation and test of a weight, shuffled together and divided again {splits} "
        "times into parts of the same sizes. The threshold is chosen on the first part; what it accepts "
        "of the second is counted. All numbers in %. *Error of accepted* is the mean over those re-splits "
        "in which a threshold was found, ± half its 95 % interval. *Above the promise* is the share of "
        "these re-splits whose second part had a higher error than promised: the promise is about the "
        "mean of all future examples, so a small second part is above it more often than one time in ten. "
        "*Coverage* is the share of the second part that is accepted, 0 where no threshold was found. "
        "*As trained* is the error at its coverage for the validation and test splits of training: "
        "validation chose the epoch there, and is not drawn like test where groups or files divide them.",
        "",
        *table(columns, rows),
    ]


if __name__ == "__main__":
    main()
