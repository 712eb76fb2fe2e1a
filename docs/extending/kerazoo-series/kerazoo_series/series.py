"""Time series of several channels: the column, a network, a task, and a made data set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self, final

import keras
import numpy as np

from zoo.columns import Column, Label, Spec
from zoo.columns.assets import column_of
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError
from zoo.tasks.classification import Classification


@final
@dataclass(frozen=True)
class Series(Column):
    """A series of numbers, (steps, channels); after `fit` standardised by channel, as on train.

    Args:
        steps, channels: None where they vary or are not known yet.
        mean, deviation: of each channel on train; empty before `fit`.
    """

    kind: ClassVar[str] = "series"
    word: ClassVar[str] = "time series"
    modality: ClassVar[str] = "series"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)  # a line per step, a field per channel
    example: ClassVar[str] = "series.csv"

    steps: int | None = None
    channels: int | None = None
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((self.steps, self.channels), "float32")}

    def shaped(self, shape: tuple[int | None, ...]) -> Self:
        return replace(self, steps=shape[0], channels=shape[1])

    def fit(self, values: Iterable[Any]) -> Self:
        numbers = np.concatenate([np.asarray(value, "float64") for value in values])
        deviation = np.maximum(numbers.std(axis=0), 1e-8)  # of a channel that never changes
        return replace(self, mean=(*numbers.mean(0).tolist(),), deviation=(*deviation.tolist(),))

    def read(self, raw: Any) -> np.ndarray:
        if not self.is_file(raw):
            return np.asarray(raw)
        try:
            return np.loadtxt(Path(raw), delimiter=",", ndmin=2)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{raw} cannot be read as a time series: {error}.",
                expected="a line per step, with a number per channel between commas",
                fix="correct the file, or leave it out",
            ) from error

    def encode(self, value: Any) -> dict[str, np.ndarray]:
        numbers = np.asarray(value, "float64")
        wanted = (self.steps, self.channels)
        fits = numbers.ndim == 2 and all(
            want in (None, size) for want, size in zip(wanted, numbers.shape, strict=True)
        )
        if not fits or not np.isfinite(numbers).all():
            raise DataError(
                f"A time series of the shape {numbers.shape} does not fit, or is not finite.",
                expected=f"finite numbers of the shape {wanted} (steps, channels)",
                fix="cut or pad it to that many steps, or leave it out",
            )
        if self.mean:
            numbers = (numbers - self.mean) / self.deviation
        return {"": numbers.astype("float32")}


def series_cnn(
    *,
    input_shape: tuple[int, int] = (64, 3),
    widths: Sequence[int] = (32, 64),
    kernel_size: int = 5,
) -> keras.Model:
    """Return a backbone from (B, steps, channels) to features by stride."""
    x = series = keras.Input(input_shape, name="series")
    features = {}
    for i, width in enumerate(widths, 1):
        conv = keras.layers.Conv1D(
            width, kernel_size, strides=2, padding="same", use_bias=False, name=f"block{i}_conv"
        )
        x = keras.layers.BatchNormalization(name=f"block{i}_norm")(conv(x))
        x = keras.layers.ReLU(name=f"block{i}_relu")(x)  # (B, steps / 2^i, width)
        features[f"stride_{2**i}"] = x
    return keras.Model(series, features, name="backbone")


@final
class SeriesClassification(Classification):
    """One of `classes` for a time series."""

    name = "series_classification"
    model_name = "series_classifier"

    def inputs(self, train: Split, features: Mapping[str, Column]) -> dict[str, Column]:
        column = column_of(features, Series, "series")
        return {"series": column.fit(train.columns[column.source or "series"])}


CLASSES = ("none lags", "first lags", "second lags", "third lags")
STEPS, NOISE = 64, 1.0
SEEDS = {"train": 1, "test": 2}  # never changed: a result is only comparable on the same series


def lags() -> Dataset:
    """Return noisy sine waves in three channels, one of which lags a quarter of a period, or none.

    Returns:
        series float32 (64, 3) and label. Splits "train" (800) and "test" (400), no "validation".
    """
    return Dataset(
        name="lags",
        splits={
            name: _drawn(count, SEEDS[name]) for name, count in (("train", 800), ("test", 400))
        },
        features={"series": Series(STEPS, 3), "label": Label(CLASSES)},
        classes=CLASSES,
        licence="CC0-1.0",
        source="own",
        notes=("The series are made: sine waves with noise, seeds 1 and 2.",),
    )


def _drawn(count: int, seed: int) -> Split:
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    turns = np.linspace(0, 1, STEPS, endpoint=False)[:, None]  # (steps, 1)
    phase, frequency = generator.uniform(0, 1, count), generator.uniform(2, 5, count)
    lag = np.eye(4)[labels][:, 1:] / 4  # (N, 3), in periods
    angle = frequency[:, None, None] * turns + phase[:, None, None] - lag[:, None, :]
    series = np.sin(2 * np.pi * angle) + generator.normal(0, NOISE, (count, STEPS, 3))
    return Split({"series": series.astype("float32"), "label": labels})
