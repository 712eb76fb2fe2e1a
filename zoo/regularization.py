"""Regularization presets and knobs: values only.

One frozen `Regularization` reaches the builder (dropout, stochastic depth), the loss (label
smoothing), the optimizer (weight decay, clipping, averaging), the data (augmentation) and the
callbacks (early stopping). Precedence, lowest first: preset, modality, knob.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from zoo.errors import ArgumentError, nearest, unknown_name


@dataclass(frozen=True, kw_only=True)
class Regularization:
    """Every knob with its neutral value; `None` and 0 mean off.

    Attributes:
        l1: penalty on the absolute value of kernels, >= 0.
        l2: penalty on the square of kernels (gradient-coupled), >= 0.
        weight_decay: decoupled decay (1711.05101) of tensors with two or more axes, >= 0.
        max_norm: largest L2 norm of a unit's incoming weights; 0 is off.
        dropout_rate: before the head, [0, 1).
        stochastic_depth_rate: of the last residual block, linear from 0 (1603.09382), [0, 1).
        batch_norm: force batch norm on or off where the builder offers it; None leaves it.
        label_smoothing: [0, 1).
        clip_norm: largest global gradient norm; 0 is off.
        averaging_decay: of the exponential moving average of weights, [0, 1); 0 is off. A recipe
            lowers it where the average would reach back more than a tenth of the training.
        early_stopping_patience: epochs without a better validation metric; 0 is off.
        crop_padding: pixels of zero padding before a random crop of the original size.
        crop_min_scale: smallest area share of a random resized crop, (0, 1]; 0 is off.
        flip: mirror left-right with probability 1/2.
        auto_augment: "", "trivial" (2103.10158) or "rand" (1909.13719).
        rand_augment_layers: operations per image.
        rand_augment_magnitude: 0..10.
        rand_augment_std: standard deviation of the magnitude.
        mixup_alpha: of the Beta distribution (1710.09412); 0 is off.
        cutmix_alpha: of the Beta distribution (1905.04899); 0 is off.
        erasing_probability: of random erasing (1708.04896), [0, 1].
        word_dropout_rate: share of tokens that become the unknown token (1511.01432), [0, 1).
        embedding_dropout_rate: of token embeddings, where the builder offers it, [0, 1).
        layer_dropout_rate: inside transformer and recurrent layers, [0, 1).
        r_drop_alpha: weight of the divergence between two passes with different dropout
            (2106.14448); doubles the cost of a step; 0 is off.
        speed_change: largest change of a clip's speed, and with it of its pitch, as a share, [0, 1).
        time_shift_ms: largest shift of a clip to either side, in milliseconds.
        noise_probability: share of clips that noise is added to, [0, 1].
        noise_low_db, noise_high_db: range of the signal-to-noise ratio, in dB.
        frequency_masks, time_masks: SpecAugment (1904.08779): masks of each kind a clip.
        frequency_mask_width, time_mask_width: the widest of them, in mel bins and in frames.
        modality_dropout_rate: of whole inputs of a model of several (1501.00102), [0, 1); one stays.
        auxiliary_loss_weight: of the loss of each input's own linear head, beside the fused one.
        gradient_modulation_alpha: how much less the encoder of an input learns whose head is ahead
            of the others' (OGM, 2203.15332 eq. 10); 0 is off.
        unimodal_warmup_epochs: first epochs in which each input's own head teaches its encoder, and
            the fused answer teaches nothing; 0 is off.
        gradient_blending_epochs: epochs between estimates of the weights of all losses, fused and own,
            by how much each generalizes (G-Blend, 1905.12681 eq. 4); 0 is off.
    """

    l1: float = 0.0
    l2: float = 0.0
    weight_decay: float = 0.0
    max_norm: float = 0.0
    dropout_rate: float = 0.0
    stochastic_depth_rate: float = 0.0
    batch_norm: bool | None = None
    label_smoothing: float = 0.0
    clip_norm: float = 0.0
    averaging_decay: float = 0.0
    early_stopping_patience: int = 0
    crop_padding: int = 0
    crop_min_scale: float = 0.0
    flip: bool = False
    auto_augment: str = ""
    rand_augment_layers: int = 2
    rand_augment_magnitude: float = 7.0
    rand_augment_std: float = 0.0
    mixup_alpha: float = 0.0
    cutmix_alpha: float = 0.0
    erasing_probability: float = 0.0
    word_dropout_rate: float = 0.0
    embedding_dropout_rate: float = 0.0
    layer_dropout_rate: float = 0.0
    r_drop_alpha: float = 0.0
    speed_change: float = 0.0
    time_shift_ms: float = 0.0
    noise_probability: float = 0.0
    noise_low_db: float = 5.0
    noise_high_db: float = 20.0
    frequency_masks: int = 0
    frequency_mask_width: int = 0
    time_masks: int = 0
    time_mask_width: int = 0
    modality_dropout_rate: float = 0.0
    auxiliary_loss_weight: float = 0.0
    gradient_modulation_alpha: float = 0.0
    unimodal_warmup_epochs: int = 0
    gradient_blending_epochs: int = 0

    @property
    def blends_losses(self) -> bool:
        """Whether the weights of the fused loss and of the inputs' own change during training."""
        return self.unimodal_warmup_epochs > 0 or self.gradient_blending_epochs > 0

    def to_dict(self) -> dict[str, Any]:
        """Return every knob by name."""
        return asdict(self)


NONE = Regularization()

# Shared by all modalities. Both forms of decay are listed; `resolve` keeps the one that fits the
# optimizer, because L2 inside an adaptive optimizer is not decay (1711.05101).
_SHARED: dict[str, dict[str, Any]] = {
    "none": {},
    "light": dict(weight_decay=0.01, l2=1e-4, dropout_rate=0.1, clip_norm=1.0),
    "medium": dict(
        weight_decay=0.05,
        l2=5e-4,
        dropout_rate=0.2,
        clip_norm=1.0,
        label_smoothing=0.1,
        stochastic_depth_rate=0.1,
        averaging_decay=0.999,
    ),
    "strong": dict(
        weight_decay=0.1,
        l2=1e-3,
        dropout_rate=0.5,
        clip_norm=1.0,
        label_smoothing=0.1,
        stochastic_depth_rate=0.2,
        averaging_decay=0.9999,
    ),
}
_BY_MODALITY: dict[str, dict[str, dict[str, Any]]] = {
    "image": {
        "none": {},
        "light": dict(crop_padding=4, flip=True),
        "medium": dict(
            crop_min_scale=0.35,
            flip=True,
            auto_augment="trivial",
            mixup_alpha=0.2,
            cutmix_alpha=1.0,
            erasing_probability=0.1,
        ),
        "strong": dict(
            crop_min_scale=0.08,
            flip=True,
            auto_augment="rand",
            rand_augment_magnitude=9.0,
            rand_augment_std=0.5,
            mixup_alpha=0.8,
            cutmix_alpha=1.0,
            erasing_probability=0.25,
        ),
    },
    "text": {
        "none": {},
        "light": dict(embedding_dropout_rate=0.1, layer_dropout_rate=0.1),
        "medium": dict(
            embedding_dropout_rate=0.2,
            word_dropout_rate=0.1,
            layer_dropout_rate=0.2,
            max_norm=3.0,
            r_drop_alpha=1.0,
        ),
        "strong": dict(
            embedding_dropout_rate=0.4,
            word_dropout_rate=0.2,
            layer_dropout_rate=0.3,
            max_norm=3.0,
            r_drop_alpha=5.0,
        ),
    },
    "speech": {
        "none": {},
        "light": dict(
            time_shift_ms=100.0, noise_probability=0.5, noise_low_db=10.0, noise_high_db=20.0
        ),
        "medium": dict(
            speed_change=0.1,
            time_shift_ms=100.0,
            noise_probability=0.8,
            noise_low_db=5.0,
            noise_high_db=20.0,
            frequency_masks=2,
            frequency_mask_width=5,
            time_masks=2,
            time_mask_width=20,
        ),
        "strong": dict(
            speed_change=0.15,
            time_shift_ms=100.0,
            noise_probability=0.8,
            noise_low_db=0.0,
            noise_high_db=15.0,
            frequency_masks=2,
            frequency_mask_width=7,
            time_masks=2,
            time_mask_width=25,
        ),
    },
    "multimodal": {
        "none": {},
        "light": dict(modality_dropout_rate=0.1),
        "medium": dict(modality_dropout_rate=0.2, auxiliary_loss_weight=0.3),
        "strong": dict(
            modality_dropout_rate=0.3, auxiliary_loss_weight=1.0, gradient_modulation_alpha=0.5
        ),
    },
}
PRESETS, MODALITIES = tuple(_SHARED), tuple(_BY_MODALITY)
AUTO = "auto"  # one of them, which training chooses before its first step (zoo/automatic_preset.py)
COUPLED_OPTIMIZERS = ("sgd",)  # plain gradient descent: L2 is the usual form
# Keras' names for the decay of an optimizer that has one of its own for a part of the weights. Each
# must be given, 0 too: the defaults of AdamW and Muon are 0.004.
_DECAYS = {"muon": ("weight_decay", "adam_weight_decay")}


def resolve(
    preset: str,
    *,
    modality: str,
    optimizer: str,
    knobs: Mapping[str, Any] | None = None,
) -> Regularization:
    """Expand a preset for one modality and optimizer, then set single knobs.

    Args:
        preset: one of `PRESETS`.
        modality: "image", "text", "speech" or "multimodal".
        optimizer: Keras name in lower case; "sgd" takes `l2`, all others `weight_decay`.
        knobs: values that override the preset.

    Raises:
        UnknownNameError: no such preset.
        ArgumentError: no such knob, or a value out of range; or the preset is "auto", which depends on
            the data.

    >>> resolve("light", modality="image", optimizer="adamw", knobs={"flip": False}).weight_decay
    0.01
    """
    if preset == AUTO:
        raise ArgumentError(
            f"The regularization preset {AUTO} depends on the data and the length of training.",
            expected=f"one of {PRESETS}, where there is no recipe",
            fix=f"train a recipe with regularization.preset={AUTO}, or name a preset",
        )
    if preset not in _SHARED:
        raise unknown_name("regularization preset", preset, _SHARED, fix=f"use one of {PRESETS}")
    values = dict(_SHARED[preset]) | _BY_MODALITY.get(modality, {}).get(preset, {})
    values.pop("weight_decay" if optimizer in COUPLED_OPTIMIZERS else "l2", None)
    values |= dict(knobs or {})
    known = [field.name for field in fields(Regularization)]
    for name in values:
        if name not in known:
            near = nearest(name, known)
            raise ArgumentError(
                f"There is no regularization knob named {name!r}.",
                expected=f"nearest: {', '.join(near)}" if near else f"one of: {', '.join(known)}",
                fix="zoo recipes show NAME lists them with their values",
            )
    return check(replace(NONE, **values))


def decay_arguments(optimizer: str, weight_decay: float) -> dict[str, float]:
    """Return the arguments that make a Keras optimizer decay all weights alike, or none at 0.

    Args:
        optimizer: Keras name in lower case.
        weight_decay: >= 0, times the learning rate at each update.

    >>> decay_arguments("muon", 0.1)
    {'weight_decay': 0.1, 'adam_weight_decay': 0.1}
    """
    return dict.fromkeys(_DECAYS.get(optimizer, ("weight_decay",)), weight_decay)


_SHARES = (
    "dropout_rate",
    "stochastic_depth_rate",
    "label_smoothing",
    "averaging_decay",
    "word_dropout_rate",
    "embedding_dropout_rate",
    "layer_dropout_rate",
    "speed_change",
    "modality_dropout_rate",
)
_PROBABILITIES = ("crop_min_scale", "erasing_probability", "noise_probability")


def check(values: Regularization) -> Regularization:
    """Return `values`, or raise ArgumentError naming the knob that is out of range."""
    for name, value in values.to_dict().items():
        if isinstance(value, bool) or value is None or isinstance(value, str):
            continue
        if not value >= 0 or (name in _SHARES and value >= 1):  # NaN is not >= 0
            raise _out_of_range(
                name, value, "0 <= value < 1" if name in _SHARES else "a value >= 0"
            )
        if name in _PROBABILITIES and value > 1:
            raise _out_of_range(name, value, "0 <= value <= 1")
    if values.noise_low_db > values.noise_high_db:
        raise _out_of_range(
            "noise_low_db", values.noise_low_db, f"at most noise_high_db={values.noise_high_db}"
        )
    if values.auto_augment not in ("", "trivial", "rand"):
        raise ArgumentError(
            f"auto_augment={values.auto_augment!r} is not known.",
            expected="'' (off), 'trivial' or 'rand'",
            fix="set regularization.auto_augment to one of them",
        )
    return values


def _out_of_range(name: str, value: float, expected: str) -> ArgumentError:
    return ArgumentError(
        f"{name}={value} is out of range.",
        expected=expected,
        fix=f"set regularization.{name} within that range",
    )
