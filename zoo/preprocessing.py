"""Preprocessing values of cards, made into the layers between an input and its backbone."""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import keras

from zoo import registry
from zoo.cards import (
    ImagePreprocessing,
    ModelCard,
    Preprocessing,
    SoundPreprocessing,
    WaveformPreprocessing,
)
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, unknown_name
from zoo.regularization import NONE, Regularization
from zoo.tasks.base import Front

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")
WAVEFORM_EPSILON = 1e-7  # of the variance, as in transformers' feature extractors
MASKS = ("frequency_masks", "frequency_mask_width", "time_masks", "time_mask_width")


def preprocessing_of(
    card: ModelCard, assets: Assets, values: Mapping[str, Any] | None = None
) -> dict[str, Preprocessing]:
    """Return the preprocessing of each input: the card's values, those that training fixed, those given.

    Args:
        card: of the model.
        assets: the columns of the inputs hold what training fixed.
        values: fields to change, of a model with one input.

    Raises:
        ArgumentError: there is no such field, or a value does not suit the input.
    """
    own = card.preprocessing
    by_name = own if isinstance(own, Mapping) else dict.fromkeys(assets.x, own)
    found = {}
    for name, column in assets.x.items():
        part = by_name.get(name, by_name.get(column.modality))
        if isinstance(part, ImagePreprocessing):
            part = _for_channels(part, column.shape[-1])
        # What a task says of log-mel features says nothing about a network of samples.
        fitted = part is not None and not isinstance(part, WaveformPreprocessing)
        changes = {**(column.preprocessing if fitted else {}), **(values or {})}
        if changes:
            part = _changed(card, part, changes)
        if isinstance(part, ImagePreprocessing):
            _check_image(part, channels=column.shape[-1])
        if part is not None:
            found[name] = part
    return found


def front_layers(
    preprocessing: Mapping[str, Preprocessing],
    regularization: Regularization = NONE,
    *,
    named: bool = False,
) -> dict[str, Front]:
    """Return the layers between each input and its backbone; none where the input is taken as it is.

    Pixels are scaled. Waveforms become log-mel features, which SpecAugment masks in training where
    `regularization` asks for it; for networks of samples they stay waveforms, normalized if need be.
    The layers are called after their input where there are several, or with `named`.
    """
    alone = len(preprocessing) == 1 and not named  # then the layers have plain names, as always
    found = {
        name: _front(values, regularization, prefix="" if alone else f"{name}_")
        for name, values in preprocessing.items()
    }
    return {name: front for name, front in found.items() if front is not None}


def with_preprocessing(assets: Assets, card: ModelCard) -> Assets:
    """Return assets that hold the card's image preprocessing where it is not the default.

    Encoding then crops and resizes as the card says, in training, evaluation and prediction.
    """
    kept = {
        name: asdict(values)
        for name, values in preprocessing_of(card, assets).items()
        if isinstance(values, ImagePreprocessing) and values != ImagePreprocessing()
    }
    changed = {name: assets.x[name].preprocessed(values) for name, values in kept.items()}
    return replace(assets, x={**assets.x, **changed}) if changed else assets


def _front(values: Preprocessing, regularization: Regularization, *, prefix: str) -> Front | None:
    if isinstance(values, ImagePreprocessing):
        return _rescaling(values, prefix=prefix)
    if isinstance(values, WaveformPreprocessing):
        return _normalization(prefix=prefix) if values.normalized else None
    if not isinstance(values, SoundPreprocessing):
        return None
    from zoo.layers.log_mel import LogMel
    from zoo.layers.spec_augment import SpecAugment

    layers = [LogMel(**values.log_mel, name=f"{prefix}log_mel")]
    masks = {name: getattr(regularization, name) for name in MASKS}
    if masks["frequency_masks"] or masks["time_masks"]:
        padded = values.log_mel.get("padded", False)
        layers.append(SpecAugment(**masks, padded=padded, name=f"{prefix}spec_augment"))

    def front(audio: Any) -> Any:
        for layer in layers:
            audio = layer(audio)
        return audio

    return front


def _normalization(*, prefix: str) -> keras.layers.Layer:
    """Return what brings each waveform (B, samples) to mean 0 and variance 1."""
    how = {"center": False, "scale": False, "epsilon": WAVEFORM_EPSILON, "dtype": "float32"}
    return keras.layers.LayerNormalization(**how, name=f"{prefix}preprocessing")


def _rescaling(values: ImagePreprocessing, *, prefix: str) -> keras.layers.Layer:
    """Return (pixel · scale - mean) / deviation as one product and one sum."""
    size = max(len(values.mean), len(values.deviation))
    means, deviations = (
        tuple(numbers) * (size if len(numbers) == 1 else 1)
        for numbers in (values.mean, values.deviation)
    )
    scale = [values.scale / deviation for deviation in deviations]
    offset = [-mean / deviation for mean, deviation in zip(means, deviations, strict=True)]
    if size == 1:
        (scale,), (offset,) = scale, offset
    return keras.layers.Rescaling(scale, offset=offset, name=f"{prefix}preprocessing")


def _changed(
    card: ModelCard, part: Preprocessing | None, changes: Mapping[str, Any]
) -> Preprocessing:
    known = [] if part is None else [field.name for field in fields(part)]
    registry.check_arguments(
        f"the preprocessing of {card.name}",
        changes,
        known,
        fix=f"give some of: {', '.join(known)}" if known else "leave preprocessing out",
    )
    return replace(
        part,
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in changes.items()
        },
    )


def _for_channels(values: ImagePreprocessing, channels: int | None) -> ImagePreprocessing:
    """Return values of single channels for another number of them: the mean of each for all."""
    if channels in (None, len(values.mean)) or len(values.mean) == 1:
        return values
    mean, deviation = (
        (sum(numbers) / len(numbers),) for numbers in (values.mean, values.deviation)
    )
    return replace(values, mean=mean, deviation=deviation)


def _check_image(values: ImagePreprocessing, *, channels: int | None) -> None:
    for name in ("mean", "deviation"):
        numbers = getattr(values, name)
        fits = isinstance(numbers, tuple) and all(isinstance(n, int | float) for n in numbers)
        if not fits or len(numbers) not in (1, channels or len(numbers)):
            raise ArgumentError(
                f"{name}={numbers!r} does not suit images of {channels} channel(s).",
                expected="a sequence of one number, or of one number per channel",
                fix=f"set {name} to numbers such as (0.5,)",
            )
    if not all(values.deviation):
        raise ArgumentError(
            f"deviation={values.deviation!r} divides by zero.",
            expected="numbers other than 0",
            fix="leave deviation out to take the model's own",
        )
    if values.interpolation not in INTERPOLATIONS:
        raise unknown_name(
            "interpolation",
            str(values.interpolation),
            INTERPOLATIONS,
            fix="bilinear is the usual one",
        )
    if values.crop_share is not None and not 0 < values.crop_share <= 1:
        raise ArgumentError(
            f"crop_share={values.crop_share!r} is out of range.",
            expected="above 0, at most 1, or None",
            fix="0.875 crops 224 pixels out of 256",
        )
