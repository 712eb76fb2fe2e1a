"""Weights that another project wrote, as a file with this project's own keys."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from zoo import registry
from zoo.cards import ModelCard, PretrainedCard, Source
from zoo.composition import build_for
from zoo.errors import ArgumentError
from zoo.files import as_path
from zoo.named_weights import as_published, as_recognized, check_not_keras, published_file
from zoo.pretrained import sources, tokenizer_files
from zoo.pretrained.configurations import check_configuration
from zoo.pretrained.conversion import Placement
from zoo.pretrained.folders import weight_file
from zoo.pretrained.loading import load_file
from zoo.tensor_files import stored_bytes
from zoo.weights import save_model_weights, tensor_keys

_SUFFIX = ".safetensors"


def convert(
    file: str | os.PathLike,
    *,
    to: str,
    out: str | os.PathLike,
    num_classes: int | None = None,
) -> dict[str, Any]:
    """Convert a file of weights to one that `zoo.build` loads without looking for names.

    Every tensor of the file and every weight of the model is used exactly once, or nothing is written.

    Args:
        file: safetensors, PyTorch or Keras .h5, of another project or of this one.
        to: name of the model, or of published weights, whose arguments then hold.
        out: a new .safetensors file.
        num_classes: of the head; None takes the name's own, 0 leaves the head out.

    Returns:
        What went where: {"file", "model", "out", "sha256", "size_bytes", "tensors", "left_out",
        "python"}. Each of the tensors has "from", "to", "shape", "becomes" and "done"; "python" loads
        the new file.

    Raises:
        UnknownNameError: no such model or weights.
        ArgumentError: `out` exists, or is not a .safetensors file.
        WeightsError: the file is damaged, or of another model; lists what is left on both sides.

    >>> zoo.convert("resnet20.th", to="resnet20", out="resnet20.safetensors")  # doctest: +SKIP
    """
    file, out = as_path(file), _new_file(out)
    check_not_keras(file)
    known = published_file(to, file) if num_classes is None else None
    to = known.name if known else to
    model, card, published = build_for(to, num_classes=num_classes)
    card = card if published else as_recognized(card, file)
    placement = load_file(model, file, card, headless=num_classes == 0)
    digest = save_model_weights(out, model)
    return {
        "file": str(file),
        "model": card.name,
        "out": str(out),
        "sha256": digest,
        "size_bytes": stored_bytes(out),
        "tensors": _tensors(model, placement),
        "left_out": [{"from": name, "why": why} for name, why in placement.left_out.items()],
        "python": _python(model, card, published, out, num_classes),
    }


def checked_sources(name: str, file: str | os.PathLike) -> Sequence[Source]:
    """Return the sources of published weights; refuse a file of another model where no digest tells.

    An index of shards is not looked into.

    Args:
        name: of the weights.
        file: a file, or a folder with one weight file.

    Raises:
        WeightsError: the file is damaged, or of another model; a folder with none or several.
    """
    file, published = weight_file(as_path(file)), registry.pretrained_cards().get(name)
    if published is None:
        return ()
    pinned = any(source.sha256 for source in published.sources)
    if not pinned and file.is_file() and file.suffix != ".json":
        model, card, _ = build_for(name)
        load_file(model, file, card)
    return published.sources


def added(name: str, file: str | os.PathLike) -> Path:
    """Copy weights that the user has into the cache, for texts with their tokenizer; return the place.

    A config.json beside them must be that of the model.

    Args:
        name: of the weights, "minilm_l6.all_v2".
        file: a file, or a folder with one weight file and, for texts, the tokenizer.

    Raises:
        WeightsError: a file is missing, damaged, or of another model.

    >>> added("minilm_l6.all_v2", "all-MiniLM-L6-v2")  # doctest: +SKIP
    """
    published, place = registry.pretrained_cards().get(name), as_path(file)
    if published is not None and published.texts is not None:
        card, _, _ = as_published(registry.model_card(published.model), published)
        arguments = {key: each["default"] for key, each in registry.signature(card).items()}
        check_configuration(place if place.is_dir() else place.parent, card, arguments)
        weight_file(place)  # refuses a folder without one before anything is copied
        tokenizer_files.add(published, place)
    return sources.add(name, place, checked_sources(name, place))


def _new_file(out: str | os.PathLike) -> Path:
    path = as_path(out)
    if path.suffix != _SUFFIX or path.exists():
        raise ArgumentError(
            f"{path} {'exists already' if path.exists() else f'is not a {_SUFFIX} file'}.",
            expected=f"the path of a new {_SUFFIX} file",
            fix="give another name for the new file",
        )
    return path


def _tensors(model: keras.Model, placement: Placement) -> list[dict[str, Any]]:
    """Return what happened to each tensor, in the order of the model's weights."""
    moves = {key: placement.moves[key] for key in tensor_keys(model) if key in placement.moves}
    return [
        {
            "from": move.name,
            "to": key,
            "shape": list(move.shape),
            "becomes": list(placement.tensors[key].shape),
            "done": move.done,
        }
        for key, move in moves.items()
    ]


def _python(
    model: keras.Model,
    card: ModelCard,
    published: PretrainedCard | None,
    out: Path,
    num_classes: int | None,
) -> str:
    """Return the call that builds the model with the new file."""
    plain, values = registry.model_card(card.name), {"weights": str(out)}
    shape = tuple(model.inputs[0].shape[1:])
    if published and shape != plain.input_shape:
        values["input_shape"] = shape
    classes = model.outputs[0].shape[-1] if num_classes != 0 else 0
    if num_classes is not None or (published and classes != plain.num_classes):
        values["num_classes"] = classes
    if card.preprocessing != plain.preprocessing:
        own, other = asdict(plain.preprocessing), asdict(card.preprocessing)
        values["preprocessing"] = {key: v for key, v in other.items() if v != own[key]}
    values |= published.arguments if published else {}
    words = "".join(f", {key}={value!r}" for key, value in values.items())
    return f"zoo.build({card.name!r}{words})"
