"""The config.json beside weights of transformers, compared with the model that they are for.

Numbers of heads, epsilons and activations cannot be seen in the tensors.
"""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo.cards import ModelCard
from zoo.errors import WeightsError

FILE = "config.json"
MAX_BYTES = 2**20


def check_configuration(folder: Path, card: ModelCard, arguments: Mapping[str, Any]) -> None:
    """Compare what a folder's config.json says with the arguments of a model.

    Args:
        folder: of the weights; without such a file nothing is checked.
        card: of the model; its map of names says what their words are ours for.
        arguments: of the builder, all of them.

    Raises:
        WeightsError: the file is damaged, or says something else; names all that differs.
    """
    family = card.builder.partition(":")[0].rpartition(".")[2]
    module = importlib.import_module(f"zoo.pretrained.maps.{family}")
    words, path = getattr(module, "CONFIGURATION", {}), folder / FILE
    if not words or not path.is_file():
        return
    theirs = _read(path)
    stated = {ours: theirs[word] for word, ours in words.items() if word in theirs}
    fixed = {word: (theirs[word], known) for word, known in module.FIXED.items() if word in theirs}
    wrong = [
        f"{name}={value!r:.40} instead of {arguments[name]!r}"
        for name, value in stated.items()
        if arguments[name] is not None and value != arguments[name]
    ]
    wrong += [f"{w}={v!r:.40} instead of {k!r}" for w, (v, k) in fixed.items() if v != k]
    if wrong:
        raise WeightsError(
            f"{path} is of another model than {card.name}: {', '.join(wrong)}.",
            expected=f"the configuration of {card.name}",
            fix="name the weights that the folder holds, or build the model with these arguments",
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it is not an object")
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} cannot be read: {error!s:.100}.", fix="get the file again, or remove it"
        ) from error
    return found
