"""Random changes of whole batches of clips; every clip draws its own numbers.

Axes: B clips, N samples. A result is a pure function of (clips, seed), as in
`zoo.transforms.image`. Masks on log-mel features are a layer: `zoo.layers.spec_augment`.
"""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from zoo.columns import Audio
from zoo.regularization import Regularization
from zoo.transforms.image import Seed, split_seed

TIME_SHIFT, NOISE, SPEED = range(3)  # folded into the batch's seed; never renumber

_STEEPEST = 2.0  # power falls as 1 / frequency ** colour: 0 is white, 1 pink, 2 brown


def speed(audio: tf.Tensor, seed: Seed, *, change: float) -> tf.Tensor:
    """Play each clip faster or slower, by a factor within 1 ± `change`; pitch goes with it.

    The middle of a clip stays where it is. What a faster clip leaves empty at its ends is silence;
    the ends of a slower one are lost. Samples between samples are interpolated linearly.

    Args:
        audio: float32 (B, N).
        seed: (2,).
        change: [0, 1); 0 changes nothing.

    Returns:
        float32 (B, N).

    >>> speed(tf.ones((2, 8)), (0, 1), change=0.1).shape
    TensorShape([2, 8])
    """
    batch, length = tf.shape(audio)[0], tf.shape(audio)[1]
    factor = tf.random.stateless_uniform((batch, 1), seed, minval=1 - change, maxval=1 + change)
    middle = tf.cast(length - 1, tf.float32) / 2
    places = (tf.cast(tf.range(length), tf.float32)[None, :] - middle) * factor + middle  # (B, N)
    below = tf.floor(places)
    share = places - below
    padded = tf.pad(audio, [[0, 0], [1, 1]])  # silence on both sides
    index = tf.clip_by_value(tf.cast(below, tf.int32) + 1, 0, length + 1)
    after = tf.clip_by_value(tf.cast(below, tf.int32) + 2, 0, length + 1)
    left, right = (tf.gather(padded, at, batch_dims=1) for at in (index, after))
    return tf.ensure_shape(left * (1 - share) + right * share, audio.shape)


def pace(audio: tf.Tensor, seed: Seed, *, change: float) -> tf.Tensor:
    """Play each clip faster or slower as `speed` does, from its beginning: nothing of it is lost.

    Args:
        audio: float32 (B, N), clips of any length with silence behind.
        seed: (2,).
        change: [0, 1); 0 changes nothing.

    Returns:
        float32 (B, N / (1 - change), rounded up).

    >>> pace(tf.ones((2, 8)), (0, 1), change=0.2).shape
    TensorShape([2, 10])
    """
    batch, length = tf.shape(audio)[0], tf.shape(audio)[1]
    longest = tf.cast(tf.math.ceil(tf.cast(length, tf.float32) / (1 - change)), tf.int32)
    factor = tf.random.stateless_uniform((batch, 1), seed, minval=1 - change, maxval=1 + change)
    places = tf.cast(tf.range(longest), tf.float32)[None, :] * factor  # (B, longest)
    below = tf.floor(places)
    share = places - below
    index = tf.minimum(tf.cast(below, tf.int32), length)
    padded = tf.pad(audio, [[0, 0], [0, 2]])
    left, right = (tf.gather(padded, index + step, batch_dims=1) for step in (0, 1))
    return left * (1 - share) + right * share


def time_shift(audio: tf.Tensor, seed: Seed, *, samples: int) -> tf.Tensor:
    """Move each clip by up to `samples` to either side; silence comes in, the other end is lost.

    Args:
        audio: float32 (B, N).
        seed: (2,).
        samples: >= 0; 0 changes nothing.

    Returns:
        float32 (B, N).

    >>> time_shift(tf.ones((2, 8)), (0, 1), samples=2).shape
    TensorShape([2, 8])
    """
    batch, length = tf.shape(audio)[0], tf.shape(audio)[1]
    shift = tf.random.stateless_uniform(
        (batch,), seed, minval=-samples, maxval=samples + 1, dtype=tf.int32
    )
    padded = tf.pad(audio, [[0, 0], [samples, samples]])
    places = tf.range(length)[None, :] + samples - shift[:, None]  # (B, N)
    return tf.ensure_shape(tf.gather(padded, places, batch_dims=1), audio.shape)


def add_noise(
    audio: tf.Tensor, seed: Seed, *, probability: float, low_db: float, high_db: float
) -> tf.Tensor:
    """Add noise to a share of the clips, at a signal-to-noise ratio drawn for each.

    The noise is Gaussian; its colour is drawn between white and brown, which covers hiss and hum.
    The signal's power is that of the samples that are not 0, so that silence around a word makes
    no difference. A silent clip stays silent.

    Args:
        audio: float32 (B, N).
        seed: (2,).
        probability: of changing a clip, [0, 1].
        low_db: smallest ratio of signal to noise, in dB.
        high_db: largest ratio.

    Returns:
        float32 (B, N); loud clips may leave [-1, 1] a little.

    >>> add_noise(tf.ones((2, 8)), (0, 1), probability=0.5, low_db=5.0, high_db=20.0).shape
    TensorShape([2, 8])
    """
    chosen_seed, ratio_seed, colour_seed, noise_seed = split_seed(seed, 4)
    batch = tf.shape(audio)[0]
    noise = _coloured_noise(tf.shape(audio), colour_seed, noise_seed)
    heard = tf.math.count_nonzero(audio, axis=1, dtype=tf.float32)
    power = tf.reduce_sum(audio**2, axis=1) / tf.maximum(heard, 1.0)  # (B,)
    ratio_db = tf.random.stateless_uniform((batch,), ratio_seed, minval=low_db, maxval=high_db)
    scale = tf.sqrt(power * 10.0 ** (-ratio_db / 10.0))
    chosen = tf.random.stateless_uniform((batch,), chosen_seed) < probability
    scale = tf.where(chosen, scale, 0.0)
    return tf.ensure_shape(audio + scale[:, None] * noise, audio.shape)


def _coloured_noise(shape: tf.Tensor, colour_seed: Seed, noise_seed: Seed) -> tf.Tensor:
    """Return noise of power 1, float32 (B, N)."""
    batch, length = shape[0], shape[1]
    spectrum = tf.signal.rfft(tf.random.stateless_normal(shape, noise_seed))  # (B, N/2 + 1)
    frequency = tf.maximum(tf.range(length // 2 + 1), 1)
    colour = tf.random.stateless_uniform((batch, 1), colour_seed, maxval=_STEEPEST)
    slope = tf.cast(frequency, tf.float32)[None, :] ** (-colour / 2)  # of the amplitude
    noise = tf.signal.irfft(spectrum * tf.cast(slope, tf.complex64), [length])
    return noise * tf.math.rsqrt(tf.reduce_mean(noise**2, axis=1, keepdims=True) + 1e-20)


def audio_changes(
    values: Regularization, column: Audio
) -> dict[int, Callable[[tf.Tensor, Seed], tf.Tensor]]:
    """Return the changes of clips that are on by stage, in their order: speed, shift, noise.

    Clips of any length are not shifted, and the silence behind them stays silent.

    Args:
        values: knobs `speed_change`, `time_shift_ms`, `noise_probability`, `noise_low_db`,
            `noise_high_db`; the others act elsewhere.
        column: gives the sample rate.

    >>> list(audio_changes(Regularization(time_shift_ms=100.0), Audio(8000)))
    [0]
    """
    changes: dict[int, Callable[[tf.Tensor, Seed], tf.Tensor]] = {}
    differ = column.samples is None  # in length
    if values.speed_change:
        changes[SPEED] = partial(pace if differ else speed, change=values.speed_change)
    samples = round(values.time_shift_ms * column.sample_rate_hz / 1000)
    if samples and not differ:
        changes[TIME_SHIFT] = partial(time_shift, samples=samples)
    if values.noise_probability:
        noise = partial(
            add_noise,
            probability=values.noise_probability,
            low_db=values.noise_low_db,
            high_db=values.noise_high_db,
        )
        changes[NOISE] = partial(_where_heard, noise) if differ else noise
    return changes


def _where_heard(
    change: Callable[[tf.Tensor, Seed], tf.Tensor], audio: tf.Tensor, seed: Seed
) -> tf.Tensor:
    """Change clips (B, N) up to their last sample that is not 0."""
    after = tf.cumsum(tf.cast(audio != 0, tf.int32), axis=1, reverse=True)  # (B, N)
    return tf.where(after > 0, change(audio, seed), 0.0)
