"""Frozen facts about models, datasets, tasks and weights: no logic, no Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What is known of an architecture without building it."""

    name: str
    builder: str  # "module:function", resolved when the model is built
    family: str
    modality: str  # "image", "text" or "speech"
    tasks: tuple[str, ...]
    summary: str
    paper: str
    arxiv: str  # empty where the architecture has no arXiv id
    year: int
    input_shape: tuple[int, ...]  # (H, W, C) of images, (tokens,) of text, (samples,) of waveforms
    num_classes: int  # of the head; a language model's vocabulary size
    tiny_arguments: Mapping[str, Any] = field(default_factory=dict)  # builds in milliseconds
    tiny_input_shape: tuple[int, ...] = ()
    published_params: int | None = None  # trainable, without batch-norm statistics
    front: Mapping[str, Any] = field(default_factory=dict)  # log-mel settings of `zoo.build`


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """Where a dataset comes from and what its licence allows."""

    name: str
    source: str  # "embedded" | "tfds" | "archive"
    loader: str  # "module:function"
    modality: str
    task: str
    summary: str
    licence: str
    homepage: str
    num_classes: int
    image_shape: tuple[int, ...] = ()
    may_ship_weights: bool = False  # the licence is stated and allows derived weights
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the loader, with defaults
    files: Mapping[str, str] = field(default_factory=dict)  # of an archive: name to sha256


@dataclass(frozen=True, kw_only=True)
class TaskCard:
    """A task: which modality it takes and which metric decides."""

    name: str
    task: str  # "module:Class"
    modality: str
    metric: str
    summary: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the class, with defaults


@dataclass(frozen=True, kw_only=True)
class WeightCard:
    """All that is needed to rebuild a model around a shipped weight file."""

    name: str  # "resnet20.fashion_mnist"
    model: str
    recipe: str
    resolved_recipe: Mapping[str, Any]
    assets: Mapping[str, Any]
    dataset: str
    data_licence: str
    data_fingerprint: str
    seed: int
    dtype: str  # of the stored numbers: "float16" | "float32"
    metric: str
    value: float  # of the stored file, on the test split
    low: float
    high: float
    metrics: Mapping[str, Any]
    params: int
    sha256: str
    size_bytes: int
    file: str  # absolute path of the safetensors file
