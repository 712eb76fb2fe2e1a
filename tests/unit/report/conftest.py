"""A made-up run, as small as it may be, with every part of it exchangeable."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recipes.diagnosis.rules import Finding
from recipes.report.data import ReportInput
from zoo.catalog.metrics import CLASSIFICATION
from zoo.metrics.base import Metric


def make_history(epochs: int) -> list[dict[str, float]]:
    return [
        {
            "epoch": i + 1,
            "loss": 2.0 / (i + 1),
            "accuracy": 1 - 0.7 / (i + 1),
            "val_loss": 2.1 / (i + 1) ** 0.8,
            "val_accuracy": 1 - 0.75 / (i + 1) ** 0.8,
            "val_macro_f1": 1 - 0.8 / (i + 1) ** 0.8,
            "learning_rate": 0.1 * (1 - i / epochs),
            "seconds": 1.5,
        }
        for i in range(epochs)
    ]


def make_records(epochs: int) -> list[dict[str, Any]]:
    return [
        {
            "epoch": epoch,
            "steps": 10,
            "kernels": [
                {
                    "key": f"backbone/conv{i}/kernel",
                    "gradient_norm": 0.5 / epoch / (i + 1),
                    "gradient_mean_abs": 1e-3,
                    "weight_norm": 2.0,
                    "update_ratio": 0.1 / epoch,
                }
                for i in range(4)
            ],
            "activations": [
                {"key": "backbone/relu", "std": 1.0, "dead_share": 0.1},
                {"key": "backbone/hidden", "std": 1.0, "dead_share": 0.7},
                {"key": "backbone/gelu", "std": 1.0},
            ],
        }
        for epoch in range(1, epochs + 1)
    ]


def make_input(
    *,
    classes: int = 3,
    examples: int = 60,
    epochs: int = 4,
    right: float = 0.8,
    image_shape: tuple[int, ...] = (8, 8, 1),
    **changes: Any,
) -> ReportInput:
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, examples)
    answers = np.where(random.random(examples) < right, labels, (labels + 1) % classes)
    probabilities = random.dirichlet(np.full(classes, 0.3), examples)
    top = probabilities.argmax(axis=1)
    rows = np.arange(examples)
    swap = probabilities[rows, answers].copy()
    probabilities[rows, answers] = probabilities[rows, top]
    probabilities[rows, top] = np.where(top == answers, probabilities[rows, top], swap)
    pictures = random.integers(0, 256, (examples, *image_shape), dtype="uint8")
    names = tuple(f"class {i}" for i in range(classes))
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    values: dict[str, Any] = {
        "recipe": {
            "name": "image/tiny",
            "summary": "A tiny run.",
            "task": {"name": "image_classification"},
            "data": {"name": "digits"},
            "model": {"name": "cnn_small", "arguments": {"widths": (8, 16)}},
            "regularization": {"preset": "light"},
            "optimizer": {"name": "adamw", "learning_rate": 0.001},
            "training": {"epochs": epochs, "batch_size": 32, "seed": 1},
        },
        "environment": {"python": "3.11.9", "packages": {"keras": "3.15.1"}, "threads": 2},
        "task": "image_classification",
        "inputs": {"image": "image.png"},
        "classes": names,
        "history": make_history(epochs),
        "records": make_records(epochs),
        "findings": [
            Finding("overfitting", "warning", "It overfits.", "0.5 and 0.9", "training.epochs=3"),
            Finding("exploding", "fine", "Gradients stay bounded.", "norm 0.5"),
        ],
        "metrics": {
            "split": "test",
            "examples": examples,
            "metrics": {
                "accuracy": {"value": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05},
                "loss": {"value": 0.4321, "low": 0.4, "high": 0.5},
            },
        },
        "probabilities": probabilities,
        "labels": labels,
        "example_of": lambda index: pictures[index],
        "name_of": lambda index: f"#{index}",
        "train_samples": [(pictures[i], names[labels[i]]) for i in range(min(4, examples))],
        "augmented_samples": [(pictures[i], names[labels[i]]) for i in range(min(4, examples))],
        "dataset": {
            "name": "digits",
            "licence": "CC BY 4.0",
            "counts": {"train": [10] * classes, "test": [5] * classes},
            "fingerprint": "0123456789abcdef",
            "skipped": (),
        },
        "parameters": 272_474,
        "multiply_adds": 40_800_000,
        "seconds": 192.0,
        "expects": {"metric": "accuracy", "mean": 0.8, "low": 0.5, "high": 1.0},
        "command": "zoo train image/tiny training.seed=1",
        "measures": CLASSIFICATION,
        "weights": {"file": "weights.safetensors", "size_bytes": 553_000, "sha256": "ab" * 32},
    }
    return ReportInput(**(values | changes))


@pytest.fixture(scope="session")
def made() -> Callable[..., ReportInput]:
    """A function from changes to a `ReportInput`."""
    return make_input


METRICS_BESIDE = {
    "split": "test",
    "examples": 60,
    "metrics": {"accuracy": {"value": 0.8, "low": 0.7, "high": 0.9}},
    "baselines": {
        "models": [
            {
                "name": "majority class",
                "metrics": {"accuracy": {"value": 0.1, "low": 0.05, "high": 0.2}},
                "examples": 30,
                "told": "",
                "seconds": 0.0,
            },
            {
                "name": "logistic regression on pixels",
                "metrics": {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}},
                "examples": 20,
                "told": "C = 0.1, chosen on 9 validation examples",
                "seconds": 0.4,
            },
        ],
        "notes": ["fitted on 20 of 30 training examples"],
        "outcome": "does not beat",
        "verdict": "The network does not beat <it>.",
    },
}

VARIANTS: dict[str, Callable[[], ReportInput]] = {
    "as usual": lambda: make_input(),
    "two classes": lambda: make_input(classes=2),
    "forty classes": lambda: make_input(classes=40, examples=200),
    "no mistakes": lambda: make_input(right=1.0),
    "one epoch": lambda: make_input(epochs=1),
    "no history": lambda: make_input(epochs=1, history=[]),
    "no records": lambda: make_input(records=[]),
    "no findings": lambda: make_input(findings=[]),
    "colour images": lambda: make_input(image_shape=(150, 100, 3)),
    "bare": lambda: make_input(
        dataset={"name": "mine"},
        environment={},
        weights={},
        expects="unmeasured",
        multiply_adds=None,
        train_samples=[],
        augmented_samples=[],
        recipe={},
    ),
    "diverged": lambda: make_input(
        history=[
            {"epoch": 1, "loss": float("nan"), "val_loss": None, "learning_rate": 1.0},
            {"epoch": 2, "loss": float("inf"), "val_loss": float("nan"), "learning_rate": 1.0},
        ],
        records=[
            {
                "epoch": 1,
                "steps": None,
                "kernels": [
                    {
                        "key": "conv/kernel",
                        "gradient_norm": None,
                        "gradient_mean_abs": None,
                        "weight_norm": None,
                        "update_ratio": None,
                    }
                ],
                "activations": [{"key": "relu", "std": None, "dead_share": None}],
            }
        ],
        probabilities=np.full((60, 3), np.nan),
        metrics={
            "split": "test",
            "examples": 60,
            "metrics": {
                "accuracy": {"value": 0.3, "low": 0.2, "high": 0.4},
                "loss": {"value": float("nan"), "low": float("nan"), "high": float("nan")},
            },
        },
    ),
    "beside simple models": lambda: make_input(metrics=METRICS_BESIDE),
    "another metric": lambda: make_input(
        measures=(Metric("wer", "min", "error rate"),),
        history=[
            {"epoch": 1, "loss": 1.0, "val_wer": 0.4},
            {"epoch": 2, "loss": 0.9, "val_wer": 0.3},
        ],
        metrics={"split": "test", "examples": 60, "metrics": {"wer": {"value": 0.31}}},
    ),
}


@pytest.fixture(scope="session")
def metrics_beside() -> dict[str, Any]:
    """Metrics of a run with two simple models beside it."""
    return METRICS_BESIDE


@pytest.fixture(scope="session", params=VARIANTS)
def variant(request) -> ReportInput:
    """A run of every kind that must still give a whole report."""
    return VARIANTS[request.param]()
