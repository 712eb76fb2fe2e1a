"""Compare the eight fusions on real digits that are drawn, spoken and written, each input degraded.

    python benchmarks/fusions.py --write

Needs mnist and spoken_digit in TFDS_DATA_DIR. The inputs lose something *independently* of each other.
Or they lose it *dependently*: in 15 % of the examples one input shows another digit, and the next one of
drawing, sound, word, drawing is destroyed, so that only the destroyed input tells which of the others is
wrong. The levels of both were fixed with single inputs, before any fusion was trained. The voice of
test is not in train, nor is any recording or drawing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from looking import measured, parser, percent, publish, start, table

from recipes.runs.evaluate import predictions_of
from recipes.training.setup import prepare
from recipes.values.schema import Recipe
from zoo.data.pipeline import Encoded, training_stream
from zoo.tasks.decision import answers_of

INDEPENDENT, DEPENDENT = "independent", "dependent"
DATA = {
    INDEPENDENT: {
        "image_noise": 0.3,
        "image_occluded": 0.1,
        "audio_snr_db": 20.0,
        "text_replaced": 0.5,
    },
    DEPENDENT: {
        "image_noise": 0.2,
        "image_occluded": 0.05,
        "audio_snr_db": 25.0,
        "text_replaced": 0.3,
        "dependent": 0.15,
    },
}
INPUTS = ("image", "audio", "text")
ALONE = "single inputs"
FUSIONS = {
    "early_fusion": {"patch_size": 7, "hidden_dim": 48, "num_layers": 2},
    "intermediate_fusion": {"hidden_dim": 64},
    "late_fusion": {},
    "gated_fusion": {"hidden_dim": 64},
    "film_fusion": {},
    "low_rank_fusion": {},
    "bottleneck_fusion": {"hidden_dim": 48, "num_layers": 3, "fusion_layer": 1},
    "cross_attention_fusion": {"hidden_dim": 48},
}
WITHOUT_ENCODERS = ("early_fusion", "bottleneck_fusion")
ENCODERS = {
    "image": {"name": "cnn_small", "arguments": {"widths": [12, 24]}},
    "audio": {"name": "ds_cnn_s", "arguments": {"width": 32, "num_blocks": 3}},
    "text": {
        "name": "textcnn",
        "arguments": {"num_filters": 64, "embedding_dim": 32, "filter_widths": [2, 3, 4]},
    },
}
# With noise, shifts and few mel bands a network of sounds carries over better to a new voice.
REGULARIZATION = {
    "weight_decay": 0.01,
    "dropout_rate": 0.1,
    "clip_norm": 1.0,
    "time_shift_ms": 100.0,
    "noise_probability": 0.5,
    "noise_low_db": 10.0,
    "noise_high_db": 20.0,
}


def values(data: str, fusion: str, inputs: tuple[str, ...], seed: int) -> dict[str, Any]:
    """Return the recipe of one training."""
    own = {} if fusion in WITHOUT_ENCODERS else {"encoders": {k: ENCODERS[k] for k in inputs}}
    return {
        "name": "fusions",
        "summary": "Degraded digits.",
        "task": {
            "name": "multimodal_classification",
            "arguments": {
                "inputs": list(inputs),
                "tokenizer": "character",
                "max_tokens": 8,
                "clip_seconds": 0.8,
                "window_ms": 32.0,
                "hop_ms": 24.0,
                "num_mels": 20,
            },
        },
        "data": {"name": "digit_recordings", "arguments": DATA[data]},
        "model": {"name": fusion, "arguments": FUSIONS[fusion] | own},
        "regularization": {"preset": "none", **REGULARIZATION},
        "optimizer": {"name": "adamw", "learning_rate": 3e-3},
        "schedule": {"name": "cosine", "warmup_epochs": 1},
        "training": {"epochs": 6, "batch_size": 64, "seed": seed, "select": "last"},
    }


def probabilities(recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Train and return the last weights' probabilities on test, (N, K), and the labels, (N,)."""
    setup = prepare(recipe)
    training = recipe.training
    stream = training_stream(
        setup.train, batch_size=training.batch_size, seed=training.seed, augment=setup.augment
    )
    setup.model.fit(
        stream, epochs=training.epochs, steps_per_epoch=setup.steps, verbose=0, shuffle=False
    )
    encoded = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
    found, truths = predictions_of(setup.model, setup.task, setup.assets, encoded, batch_size=256)
    return answers_of(found)[0], truths["label"]


def run(data: str, seed: int, what: str) -> dict[str, float]:
    """Return accuracies on test: of one fusion, or of each input alone and of their average."""

    def trained(fusion: str, inputs: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
        return probabilities(Recipe.parse(values(data, fusion, inputs, seed), source="benchmark"))

    if what != ALONE:
        answers, labels = trained(what, INPUTS)
        return {"accuracy": _accuracy(answers, labels)}
    found, logs = {}, []
    for name in INPUTS:
        answers, labels = trained("late_fusion", (name,))
        found[name] = _accuracy(answers, labels)
        logs.append(np.log(np.maximum(answers, 1e-9)))
    return found | {"average": _accuracy(sum(logs), labels)}


def _accuracy(answers: np.ndarray, labels: np.ndarray) -> float:
    return float((answers.argmax(axis=-1) == labels).mean())


def cells(seeds: Mapping[str, int]) -> Iterator[tuple[str, int, str]]:
    """Yield data, seed and what is trained."""
    for data in DATA:
        for seed in range(1, seeds[data] + 1):
            yield from ((data, seed, what) for what in (ALONE, *FUSIONS))


def to_lines(found: Mapping[tuple[str, int, str], dict[str, float]]) -> list[str]:
    """Return the page."""
    intro = " ".join(__doc__.strip().partition("--write\n\n")[2].split())
    lines = ["# Fusions of a drawn, a spoken and a written digit", "", intro, ""]
    lines += [
        "Accuracy on 2,000 test examples in percent, mean and half the 95 % interval over seeds. Gains "
        "are paired by seed, in points. *Errors*: the gain over the best single input in standard "
        "errors.",
        "",
    ]
    for data, knobs in DATA.items():
        seeds = sorted({seed for where, seed, _ in found if where == data})
        single = {
            key: [found[data, seed, ALONE][key] for seed in seeds] for key in (*INPUTS, "average")
        }
        best = max(INPUTS, key=lambda name: sum(single[name]))
        rows = [(name, percent(single[name]), "", "", "") for name in INPUTS]
        rows += [_row("average of single inputs", single["average"], single, best)]
        for fusion in FUSIONS:
            accuracy = [found[data, seed, fusion]["accuracy"] for seed in seeds]
            rows.append(_row(f"`{fusion}`", accuracy, single, best))
        told = ", ".join(f"{key} {value}" for key, value in knobs.items())
        columns = ("model", "accuracy", f"over {best} alone", "errors", "over the average")
        lines += [
            f"## {data.capitalize()} losses",
            "",
            f"{len(seeds)} seeds; `{told}`",
            "",
            *table(columns, rows),
            "",
        ]
    return lines[:-1]


def _row(
    name: str, accuracy: list[float], single: Mapping[str, list[float]], best: str
) -> tuple[str, ...]:
    """Return a line of the table."""
    gain = np.subtract(accuracy, single[best])
    over = np.subtract(accuracy, single["average"])
    error = gain.std(ddof=1) / np.sqrt(len(gain)) if len(gain) > 1 else np.nan
    beyond = "" if name.startswith("average") else percent(over.tolist(), signed=True)
    return (
        name,
        percent(accuracy),
        percent(gain.tolist(), signed=True),
        f"{gain.mean() / error:.0f}",
        beyond,
    )


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=5)
    options.add_argument("--dependent", type=int, default=5, help="seeds of dependent losses")
    options.add_argument("--results", type=Path, default=Path("fusions.jsonl"))
    options = options.parse_args(arguments)
    with start():
        seeds = {INDEPENDENT: options.seeds, DEPENDENT: options.dependent}
        found = measured(options.results, cells(seeds), run)
        publish("fusions", to_lines(found), None, options)


if __name__ == "__main__":
    main()
