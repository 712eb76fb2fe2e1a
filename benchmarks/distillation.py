"""Measure what a teacher is worth to a small network: the same student with one and without.

    python benchmarks/distillation.py --write

Three students: digits, synthetic vowels, and Fashion-MNIST. The teachers are the shipped weights.
Results are appended to a file, and what it holds already is not run again. Needs TFDS_DATA_DIR with
fashion_mnist.
"""

import argparse
import itertools
import tempfile
from pathlib import Path

from looking import interval, measured, parser, percent, publish, start, table

import zoo

# Recipe, teacher, and how the student differs from the recipe's own network.
STUDENTS = {
    "digits": (
        "image/digits-cnn",
        "cnn_small.digits",
        {"model.arguments": {"widths": [8, 16]}},
    ),
    "vowels": (
        "speech/vowels-dscnn",
        "ds_cnn_s.vowels",
        {"model.arguments": {"width": 16, "num_blocks": 2}},
    ),
    "fashion_mnist": (
        "image/fashion_mnist-resnet20",
        "resnet20.fashion_mnist",
        {
            "model.name": "cnn_small",
            "model.arguments": {"widths": [16, 32, 64]},
            "optimizer": {"name": "adamw", "learning_rate": 2e-3},
            "schedule": {"name": "cosine", "warmup_epochs": 0.5},
            "training.epochs": 6,
        },
    ),
}
WAYS = ("alone", "taught")
SCORES = ("accuracy", "loss")


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("distillation.jsonl"))
    options = options.parse_args(arguments)
    cells = itertools.product(STUDENTS, range(1, options.seeds + 1), WAYS)
    with start():
        found = measured(options.results, cells, run)
        publish("distillation", to_lines(found, options), None, options)


def run(student: str, seed: int, way: str) -> dict[str, float]:
    """Return the scores on test of one training."""
    recipe, teacher, values = STUDENTS[student]
    taught = {"distillation.teacher": teacher} if way == "taught" else {}
    with tempfile.TemporaryDirectory() as folder:
        trained = zoo.train(
            recipe,
            run_dir=Path(folder) / "run",
            progress=False,
            **{"training.seed": seed, **values, **taught},
        )
        return {name: trained.metrics["metrics"][name]["value"] for name in SCORES}


def to_lines(
    found: dict[tuple[str, int, str], dict[str, float]], options: argparse.Namespace
) -> list[str]:
    """Return the page."""
    seeds = range(1, options.seeds + 1)
    rows = []
    for student, (recipe, teacher, _) in STUDENTS.items():
        of = {
            (way, name): [found[student, seed, way][name] for seed in seeds]
            for way, name in itertools.product(WAYS, SCORES)
        }
        gain = {
            name: [a - b for a, b in zip(of["taught", name], of["alone", name], strict=True)]
            for name in SCORES
        }
        shown = [percent(of[way, "accuracy"]) for way in WAYS]
        losses = ["{:.3f} ± {:.3f}".format(*interval(of[way, "loss"])) for way in WAYS]
        rows.append(
            (
                f"`{recipe}`, smaller",
                f"`{teacher}`",
                *shown,
                percent(gain["accuracy"], signed=True),
                *losses,
                "{:+.3f} ± {:.3f}".format(*interval(gain["loss"])),
            )
        )
    return [
        "# A student with and without a teacher",
        "",
        "Each student is a smaller network than its recipe's, and learns for as long with a teacher as "
        "without one; temperature 4, and half of the loss is the teacher's. Mean of "
        f"{options.seeds} seeds ± half its 95 % interval (Student t) on the test split; differences are "
        "within a seed. Accuracy in %, its difference in points, loss in nats.",
        "",
        *table(
            (
                "student",
                "teacher",
                "alone",
                "taught",
                "gain",
                "loss alone",
                "loss taught",
                "difference",
            ),
            rows,
        ),
    ]


if __name__ == "__main__":
    main()
