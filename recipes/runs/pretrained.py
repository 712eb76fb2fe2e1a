"""Published weights as a run: they predict, are scored, exported and fine-tuned by name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from recipes.values.schema import Recipe
from zoo import devices, registry
from zoo.cards import PretrainedCard
from zoo.catalog.classes import class_names
from zoo.columns import Column, Image, Label, Number, Text
from zoo.columns.assets import Assets
from zoo.columns.modalities import input_of
from zoo.errors import WeightsError

# A recipe of those that trained the weights is not known; fine-tuning takes its augmentation from here.
_LEARNING_RATE, _BATCH_SIZE = 1e-3, 32
_OF_IMAGES = {"crop_padding": 0, "crop_min_scale": 0.35, "flip": True}
_MODELLING = "language_modeling"
_DIGITS = 16  # of a file's SHA-256, in the name of what it was converted to


def published_values(name: str) -> dict[str, Any]:
    """Return what makes a run of published weights; they are fetched and converted once.

    Args:
        name: of a card, "resnet50.a1_in1k".

    Raises:
        WeightsError: no source gave the file, or it is not of the model.
    """
    devices.load_tensorflow()  # quietly, before what follows loads Keras
    from zoo.named_weights import as_published
    from zoo.preprocessing import with_preprocessing
    from zoo.pretrained import cache
    from zoo.pretrained.loading import fetched

    published = registry.pretrained_card(name)
    card, shape, _ = as_published(registry.model_card(published.model), published)
    path = _converted(published, fetched(published))
    x, task = input_of(card, shape), registry.task_card(card.tasks[0])
    seen = next(iter(x.values()))
    y: dict[str, Column] = {"label": Label(class_names(published.classes))}
    if registry.resolve(task.task).writes:
        x, y = {**x, "ids": x.get("ids", Text())}, {"ids": Text()}
    if published.texts is not None:
        x = {name: _of_texts(column, published) for name, column in x.items()}
    if isinstance(seen, Text):
        x = {name: replace(column, source="text") for name, column in x.items()}
    if task.name == _MODELLING:
        y = {"ids": Text(buckets=x["ids"].buckets), "characters": Number()}
    assets = Assets(x=x, y=y)
    return {
        "name": name,
        "recipe": _recipe(published, side=shape[0], of_images=isinstance(seen, Image)),
        "assets": with_preprocessing(assets, card),
        "metrics": {"metrics": {}, "data_fingerprint": ""},
        "weights_path": path,
        "sha256": cache.digest_at(path),
    }


def _of_texts(column: Column, published: PretrainedCard) -> Column:
    """Return a column of texts with the tokenizer of the weights; any other as it is."""
    from zoo.pretrained import tokenizer_files

    if not isinstance(column, Text):
        return column
    state = tokenizer_files.state_of(published)
    return replace(column, tokenizer=state).cut_to(published.texts.max_tokens)


def _recipe(published: PretrainedCard, *, side: int, of_images: bool) -> Recipe:
    task = registry.task_card(registry.model_card(published.model).tasks[0])
    sizes = {"image_size": side} if "image_size" in task.arguments else {}
    length = "context_length" if task.name == _MODELLING else "max_tokens"
    if length in task.arguments and published.texts:
        sizes |= {length: published.texts.max_tokens}
    classes = published.classes if isinstance(published.classes, str) else published.name
    values = {
        "name": f"pretrained/{published.name}",
        "summary": f"{published.name}, as {published.origin} published it.",
        "task": {"name": task.name, "arguments": sizes},
        "data": {"name": published.data or classes},
        "model": {"name": published.model, "arguments": dict(published.arguments)},
        "regularization": {"preset": "light"} | (_OF_IMAGES if of_images else {}),
        "optimizer": {"name": "adamw", "learning_rate": _LEARNING_RATE},
        "training": {"epochs": 1, "batch_size": _BATCH_SIZE, "seed": 1},
    }
    return Recipe.parse(values, source=published.name)


def _converted(published: PretrainedCard, file: Path) -> Path:
    """Return the file of the run: the fetched numbers under this project's own keys."""
    from zoo.pretrained import cache

    digest = cache.digest_at(file)[:_DIGITS]
    path = cache.folder() / published.name / f"{digest}.kerazoo.safetensors"
    if path.is_file():
        return path
    from zoo.composition import build
    from zoo.weights import save_model_weights

    model = build(published.name)
    if not model.weights:
        raise WeightsError(f"{published.name} holds no numbers.", fix="take other weights")
    save_model_weights(path, model)
    return path
