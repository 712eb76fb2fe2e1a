"""The architecture of a user's own Keras model, as JSON values in the folder of its run.

A card under the name "NAME_DIGEST" makes it known to recipes; the digest is that of the architecture, so
that equal names mean equal models. Nothing here needs Keras.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from zoo import shelves
from zoo.cards import FeatureSpec, ModelCard
from zoo.errors import RunError, WeightsError, check_format
from zoo.files import write_text

FILE, INITIAL = "architecture.json", "initial.safetensors"
FORMAT = 1
BUILDER = "recipes.own.model:build"
_LIMIT_BYTES = 50_000_000
_TOKENS = 128  # length at which operations are counted, along an axis that varies


@dataclass(frozen=True)
class Architecture:
    """What rebuilds a model without its source code.

    Attributes:
        name: of the model.
        digest: of `digest_of`.
        task, modality: what it is trained for.
        input_shape: without the batch axis; None where it varies.
        features: name, stride and width of each output of the backbone.
        outputs: of its own head; 0 where the task adds one.
        config: of the backbone as Keras writes it; None where layers are not Keras' own.
        foreign: the classes of those layers.
    """

    name: str
    digest: str
    task: str
    modality: str
    input_shape: tuple[int | None, ...]
    features: tuple[tuple[str, int | None, int], ...]
    outputs: int
    config: Any
    foreign: tuple[str, ...] = ()

    @property
    def model_name(self) -> str:
        """What recipes call the model."""
        return f"{re.sub(r'[^A-Za-z0-9_-]', '_', self.name)}_{self.digest[:8]}"

    def card(self) -> ModelCard:
        """Return the card that makes the model known."""
        return ModelCard(
            name=self.model_name,
            builder=BUILDER,
            arguments={"own": self.model_name},
            family=self.name,
            modality=self.modality,
            tasks=(self.task,),
            summary=f"The Keras model {self.name}.",
            paper="",
            arxiv="",
            year=0,
            input_shape=tuple(_TOKENS if size is None else size for size in self.input_shape),
            num_classes=self.outputs,
            features=tuple(FeatureSpec(*feature) for feature in self.features),
            head_feature=self.features[-1][0],
        )


@dataclass(frozen=True)
class Known:
    """An architecture that this process knows, with the numbers that training begins with.

    Attributes:
        architecture: of the model.
        initial: tensors by key, or the file that holds them.
    """

    architecture: Architecture
    initial: dict[str, Any] | Path

    def tensors(self) -> dict[str, Any] | None:
        """Return the numbers that training begins with; None where their file is gone."""
        if isinstance(self.initial, dict):
            return self.initial
        from zoo.tensor_files import read_tensors

        return read_tensors(self.initial)[0] if self.initial.is_file() else None


_KNOWN: dict[str, Known] = {}


def digest_of(config: Any, outputs: int) -> str:
    """Return the digest of a backbone's configuration and of the outputs of its head, 16 hex digits.

    >>> digest_of({"a": 1, "b": 2}, 3) == digest_of({"b": 2, "a": 1}, 3)
    True
    """
    text = json.dumps([config, outputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def remember(known: Known) -> ModelCard:
    """Make a model known by the name of its card, to recipes of this process."""
    card = known.architecture.card()
    shelves.replace(card, "a model of yours")
    _KNOWN[card.name] = known
    return card


def known(name: str) -> Known | None:
    """Return what is known of a user's own model; None for a model of the catalog."""
    return _KNOWN.get(name)


def adopt(folder: Path) -> None:
    """Make the user's own model of a run known, if the folder holds one; runs no code.

    Raises:
        RunError: the file was changed.
    """
    path = folder / FILE
    if not path.is_file():
        return
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise ValueError("it is too large")
        values = json.loads(path.read_text(encoding="utf-8"))
        check_format(str(path), values.pop("format"), known=FORMAT)
        found = Architecture(**{name: _tuples(name, value) for name, value in values.items()})
        if found.config is not None and digest_of(found.config, found.outputs) != found.digest:
            raise ValueError("it was changed")
        remember(Known(found, folder / INITIAL))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be used: {error}",
            expected="the file that training wrote",
            fix="copy the whole folder again, or train again",
        ) from error


def keep(folder: Path, name: str) -> None:
    """Write the architecture of a user's own model and its first numbers into the folder of a run.

    Nothing is written for a model of the catalog.

    Raises:
        WeightsError: the numbers that training begins with are gone.
    """
    found = known(name)
    if found is None:
        return
    tensors = found.tensors()
    if tensors is None:
        raise WeightsError(
            f"{found.initial} is missing: it holds the numbers that training begins with.",
            expected="the folder of a run as it was written",
            fix="copy the folder again, or give the model to zoo.train",
        )
    from zoo.tensor_files import write_tensors

    write_tensors(folder / INITIAL, tensors)
    values = {"format": FORMAT, **asdict(found.architecture)}
    write_text(folder / FILE, json.dumps(values, indent=1) + "\n")
    remember(replace(found, initial=folder / INITIAL))


def _tuples(name: str, value: Any) -> Any:
    """Return a value of the file as the class has it."""
    if name == "features":
        return tuple((str(key), stride, int(width)) for key, stride, width in value)
    return tuple(value) if name in ("input_shape", "foreign") else value
