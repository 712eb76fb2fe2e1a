"""Find the word for a picture, and its category, from features of published networks.

    python benchmarks/gcompris.py --write

Needs ZOO_DATA_DIR with gcompris_words, and in the cache of weights (`zoo weights add`)
efficientnet_lite0.in1k, minilm_l6.all_v2, ge2e.resemblyzer and whisper_base.openai. The 112 words of
test are not in train (394 words). Each network is frozen, and its features are computed once:
EfficientNet Lite0 of the drawing; MiniLM of the written word; of the recording GE2E, or the last
encoder block of Whisper base, the means of three parts of it. What is trained on them is small.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from looking import measured, parser, percent, publish, start, table
from speakers import whisper_encoder

import zoo
from recipes.objects import make_dataset
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.cards import DatasetCard
from zoo.columns import Label
from zoo.columns.vector import Vector
from zoo.data.dataset import Dataset, Split

NAME, RATE, PARTS = "word_features", 16_000, 3
WHISPER_FRAMES, HOP = 160, 160
FEATURES = ("picture", "written", "ge2e", "whisper")
PAIRS = (
    ("picture", "written"),
    ("picture", "ge2e"),
    ("picture", "whisper"),
    ("whisper", "written"),
)
CLASSES = ("picture", "whisper", "written")  # inputs of the categories
FOLDER = Path(tempfile.gettempdir()) / NAME  # where features are kept between runs


def features_of(split: Split) -> dict[str, np.ndarray]:
    """Return the features of some words by name, (N, D) each."""
    sounds = [np.asarray(sound, "float32") for sound in split.columns["audio"]]
    return {
        "picture": zoo.embed("efficientnet_lite0.in1k", list(split.columns["image"])),
        "written": zoo.embed("minilm_l6.all_v2", list(split.columns["text"])),
        "ge2e": zoo.embed("ge2e.resemblyzer", sounds),
        "whisper": _whisper(sounds),
    }


def _whisper(sounds: list[np.ndarray]) -> np.ndarray:
    whole = zoo.build("whisper_base.openai", features_only=True).get_layer("backbone")
    network, found = whisper_encoder(whole, WHISPER_FRAMES), []
    for sound in sounds:
        samples = WHISPER_FRAMES * HOP
        padded = np.pad(sound[:samples], (0, max(0, samples - len(sound))))[None]
        frames = np.asarray(network.predict_on_batch(padded)["whisper6"])[0]
        heard = frames[: max(PARTS, min(len(sound), samples) // (2 * HOP))]
        found.append(np.concatenate([part.mean(axis=0) for part in np.array_split(heard, PARTS)]))
    return np.stack(found)


def made(*, category: str = "chapter") -> Dataset:
    """Return the words as vectors, each feature at mean 0 and variance 1 by training's own scaling."""
    words = make_dataset(Recipe.parse(_words(category), source="benchmark"))
    splits = {}
    for name, split in words.splits.items():
        file = FOLDER / f"{name}.npz"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(file, **features_of(split))
        splits[name] = Split({**np.load(file), "label": split.columns["label"]})
    sizes = {name: splits["train"].columns[name].shape[1] for name in FEATURES}
    features = {name: Vector((size,)) for name, size in sizes.items()} | {"label": Label()}
    return Dataset(NAME, splits, features, words.classes, words.licence, "made")


def _words(category: str) -> dict[str, Any]:
    return values("multimodal_classification", ["image"], "late_fusion", seed=1) | {
        "data": {"name": "gcompris_words", "arguments": {"category": category}}
    }


def card() -> DatasetCard:
    """Return the card that a recipe finds the set by."""
    return DatasetCard(
        name=NAME,
        source="made",
        loader=f"{__name__}:made",
        modality="multimodal",
        task="multimodal_classification",
        summary="Features of words.",
        licence="CC BY-SA 3.0",
        homepage="",
        num_classes=4,
        arguments={"category": "chapter"},
    )


def values(task: str, inputs: list[str], model: str, *, seed: int) -> dict[str, Any]:
    """Return the recipe of one training."""
    encoder = {"name": "vector_mlp", "arguments": {"hidden_dims": [128], "dropout_rate": 0.3}}
    return {
        "name": "words",
        "summary": "Words.",
        "task": {"name": task, "arguments": {"inputs": inputs}},
        "data": {"name": NAME},
        "model": {"name": model, "arguments": {"encoders": dict.fromkeys(inputs, encoder)}},
        "regularization": {"preset": "none", "weight_decay": 0.1, "dropout_rate": 0.2},
        "optimizer": {"name": "adamw", "learning_rate": 1e-3},
        "schedule": {"name": "cosine", "warmup_epochs": 2},
        "training": {"epochs": 40, "batch_size": 128, "seed": seed, "select": "last"},
    }


def run(what: str, seed: int) -> dict[str, Any]:
    """Train once and return what was measured on test: of a pair of inputs, or of the categories."""
    if what == "category":
        recipe = values("multimodal_classification", list(CLASSES), "late_fusion", seed=seed)
        recipe["regularization"]["modality_dropout_rate"] = 0.3
    else:
        recipe = values("contrastive_pairs", what.split("+"), "dual_encoder", seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        recipe = Recipe.parse(recipe, source="benchmark")
        metrics = train(recipe, run_dir=Path(folder) / "run", progress=False).metrics
    if what != "category":
        return {
            direction: {name: one["value"] for name, one in found.items()}
            for direction, found in metrics["targets"].items()
        }
    found = metrics["modalities"]
    subsets = {"+".join(one["inputs"]): one["absent"]["value"] for one in found["subsets"]}
    alone = {name: one["value"] for name, one in found["alone"].items()}
    return {"subsets": subsets, "alone": alone, "averaged": found["averaged"]["value"]}


def cells(seeds: int) -> Iterator[tuple[str, int]]:
    """Yield what is trained and the seed of each run."""
    for what in (*("+".join(pair) for pair in PAIRS), "category"):
        yield from ((what, seed) for seed in range(1, seeds + 1))


def to_lines(found: Mapping[tuple[str, int], dict[str, Any]]) -> list[str]:
    """Return the page."""
    seeds = sorted({seed for _, seed in found})
    rows = []
    for pair in ("+".join(pair) for pair in PAIRS):
        for direction in found[pair, seeds[0]]:
            some = [found[pair, seed][direction] for seed in seeds]
            ranks = np.mean([one["median_rank"] for one in some])
            recalls = [percent([one[f"recall_at_{k}"] for one in some]) for k in (1, 5)]
            rows.append((direction, *recalls, f"{ranks:.1f}"))
    kinds = [found["category", seed] for seed in seeds]
    subsets = [
        (name.replace("+", " + "), percent([one["subsets"][name] for one in kinds]))
        for name in kinds[0]["subsets"]
    ]
    alone = [
        (f"{name}, a network of its own", percent([one["alone"][name] for one in kinds]))
        for name in kinds[0]["alone"]
    ]
    averaged = ("average of these three", percent([one["averaged"] for one in kinds]))
    return [
        "# Words: pictures, sounds and spellings",
        "",
        " ".join(__doc__.strip().partition("--write\n\n")[2].split()),
        "",
        "## Which word is it?",
        "",
        f"`contrastive_pairs` on two features, {len(seeds)} seeds, mean and half the 95 % interval over "
        "seeds, in percent. A random order of the 112 words has 0.9 % at 1, 4.5 % at 5, and a median "
        "rank of 56.5.",
        "",
        *table(("query to answer", "recall at 1", "recall at 5", "median rank"), rows),
        "",
        "## Which category?",
        "",
        "Four chapters. One late fusion of all three, trained with `modality_dropout_rate` 0.3, and the "
        "inputs that it is given; below, networks of single inputs.",
        "",
        *table(("inputs", "accuracy"), [*subsets, *alone, averaged]),
    ]


def main(arguments: list[str] | None = None) -> None:
    """Train what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=5)
    options.add_argument("--results", type=Path, default=Path("gcompris.jsonl"))
    options = options.parse_args(arguments)
    zoo.register(card())
    with start():
        found = measured(options.results, cells(options.seeds), run)
        publish("gcompris", to_lines(found), None, options)


if __name__ == "__main__":
    main()
