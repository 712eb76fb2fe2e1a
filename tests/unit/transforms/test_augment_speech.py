"""Augmentation of clips: shifts, noise at the ratio that is asked for, and that a seed repeats it."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Audio
from zoo.columns.assets import Assets
from zoo.regularization import Regularization
from zoo.transforms.audio import add_noise, speed, time_shift
from zoo.transforms.batches import batch_augmentation

SEED = (3, 7)
ASSETS = Assets(x={"audio": Audio(8_000, 400)}, y={})
seeds = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))


def clips(count=6, samples=400, seed=0):
    return np.random.default_rng(seed).uniform(0.1, 0.9, (count, samples)).astype("float32")


def shift_of(before, after, most):
    """Return by how much a clip was moved, checked sample by sample."""
    for shift in range(-most, most + 1):
        moved = np.zeros_like(before)
        inner = slice(max(shift, 0), len(before) + min(shift, 0))
        moved[inner] = before[max(-shift, 0) : len(before) + min(-shift, 0)]
        if np.array_equal(moved, after):
            return shift
    raise AssertionError("the clip was not just moved")


@given(seed=seeds, samples=st.integers(0, 12))
@settings(max_examples=25, deadline=None)
def test_clips_are_moved_with_silence_coming_in(seed, samples):
    audio = clips(samples=40)
    moved = time_shift(tf.constant(audio), seed, samples=samples).numpy()
    for before, after in zip(audio, moved, strict=True):
        assert abs(shift_of(before, after, samples)) <= samples


def test_shifts_are_spread_evenly_over_both_sides():
    audio = np.tile(np.arange(1, 41, dtype="float32"), (4_000, 1))
    moved = time_shift(tf.constant(audio), SEED, samples=5).numpy()
    shifts = 21 - moved[:, 20]  # the middle never becomes silence
    shares = np.bincount((shifts + 5).astype(int), minlength=11) / 4_000
    np.testing.assert_allclose(shares, 1 / 11, atol=0.02)


def test_speed_is_that_of_numpys_interpolation_and_is_spread_over_the_range():
    time = np.arange(401.0) - 200
    audio = np.tile(np.sin(time / 9) * np.exp(-((time / 60) ** 2)), (500, 1)).astype("float32")
    played = speed(tf.constant(audio), SEED, change=0.2).numpy()
    candidates = np.linspace(0.8, 1.2, 401)
    table = np.stack([np.interp(time * f, time, audio[0], left=0, right=0) for f in candidates])
    errors = ((played[:, None] - table[None]) ** 2).mean(-1)  # clip, candidate
    assert errors.min(axis=1).max() < 1e-5
    factors = candidates[errors.argmin(axis=1)]
    assert 0.8 <= factors.min() < 0.81 and 1.19 < factors.max() <= 1.2
    assert factors.mean() == pytest.approx(1, abs=0.02)


def test_a_speed_that_does_not_change_leaves_clips_and_silence_fills_a_faster_one():
    audio = clips(samples=41)
    np.testing.assert_allclose(speed(tf.constant(audio), SEED, change=0.0), audio, atol=1e-6)
    played = speed(tf.ones((200, 41)), SEED, change=0.5).numpy()
    silent = (played == 0).sum(axis=1)
    assert (played[:, 20] == 1).all() and silent.max() >= 10 and (silent % 2 == 0).all()


@given(seed=seeds, ratio=st.floats(-5, 30))
@settings(max_examples=25, deadline=None)
def test_noise_comes_at_the_ratio_that_is_asked_for(seed, ratio):
    audio = clips(samples=2_000)
    noisy = add_noise(tf.constant(audio), seed, probability=1.0, low_db=ratio, high_db=ratio + 1e-3)
    noise = noisy.numpy() - audio
    got = 10 * np.log10((audio**2).mean(1) / (noise**2).mean(1))
    np.testing.assert_allclose(got, ratio, atol=0.1)


def test_ratios_are_spread_over_the_range():
    audio = clips(count=600, samples=300)
    noisy = add_noise(tf.constant(audio), SEED, probability=1.0, low_db=5.0, high_db=20.0).numpy()
    got = 10 * np.log10((audio**2).mean(1) / ((noisy - audio) ** 2).mean(1))
    assert 4.9 < got.min() < 6 and 19 < got.max() < 20.1 and abs(got.mean() - 12.5) < 0.6


def test_silence_around_a_word_makes_no_difference():
    word = clips(samples=300)
    padded = np.pad(word, [(0, 0), (0, 900)])
    noisy = add_noise(tf.constant(padded), SEED, probability=1.0, low_db=10.0, high_db=10.001)
    noise = noisy.numpy() - padded
    got = 10 * np.log10((word**2).mean(1) / (noise**2).mean(1))
    np.testing.assert_allclose(got, 10, atol=0.1)


def test_the_share_that_gets_noise_is_the_probability():
    audio = clips(count=2_000, samples=16)
    noisy = add_noise(tf.constant(audio), SEED, probability=0.3, low_db=5.0, high_db=20.0).numpy()
    assert (noisy != audio).any(axis=1).mean() == pytest.approx(0.3, abs=0.04)


def test_colours_run_from_white_to_brown():
    audio = np.ones((400, 1_024), "float32")
    noise = (
        add_noise(tf.constant(audio), SEED, probability=1.0, low_db=0.0, high_db=0.001).numpy()
        - audio
    )
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.arange(1, 400)
    slopes = np.polyfit(np.log(frequency), np.log(power[:, 1:400].T), 1)[0]
    assert slopes.min() < -1.7 and slopes.max() > -0.3
    assert abs(slopes.mean() + 1) < 0.15


def test_a_silent_clip_stays_silent():
    silent = np.zeros((3, 100), "float32")
    noisy = add_noise(tf.constant(silent), SEED, probability=1.0, low_db=0.0, high_db=5.0)
    np.testing.assert_array_equal(noisy, silent)


def test_each_clip_draws_its_own_numbers_whatever_the_others_are():
    audio = clips()
    other = audio.copy()
    other[1:] = 0.5
    augment = batch_augmentation(
        Regularization(time_shift_ms=2.0, noise_probability=0.8), assets=ASSETS
    )
    one = augment({"audio": tf.constant(audio)}, {}, SEED)[0]["audio"].numpy()
    two = augment({"audio": tf.constant(other)}, {}, SEED)[0]["audio"].numpy()
    np.testing.assert_array_equal(one[0], two[0])
    same = np.tile(audio[:1], (6, 1))
    changed = augment({"audio": tf.constant(same)}, {}, SEED)[0]["audio"].numpy()
    assert len({clip.tobytes() for clip in changed}) > 4


def test_all_else_passes_through_and_the_type_stays():
    augment = batch_augmentation(Regularization(noise_probability=1.0), assets=ASSETS)
    label, other = tf.constant([1, 0]), tf.constant([[2], [3]])
    x, y = augment({"audio": tf.constant(clips(2)), "other": other}, {"label": label}, SEED)
    assert x["other"] is other and y == {"label": label}
    assert x["audio"].dtype == tf.float32 and x["audio"].shape == (2, 400)


def test_nothing_is_done_where_nothing_is_asked_for():
    assert batch_augmentation(Regularization(), assets=ASSETS) is None
    assert batch_augmentation(Regularization(flip=True, time_masks=2), assets=ASSETS) is None
    assert batch_augmentation(Regularization(time_shift_ms=1e-3), assets=ASSETS) is None


def test_milliseconds_become_samples_of_the_model_s_rate():
    augment = batch_augmentation(Regularization(time_shift_ms=1.0), assets=ASSETS)  # 8 samples
    audio = clips(count=200, samples=40)
    moved = augment({"audio": tf.constant(audio)}, {}, SEED)[0]["audio"].numpy()
    shifts = [shift_of(before, after, 8) for before, after in zip(audio, moved, strict=True)]
    assert min(shifts) == -8 and max(shifts) == 8


def test_a_stage_that_is_switched_off_leaves_the_draws_of_the_other_as_they_were():
    audio = {"audio": tf.constant(clips())}
    noise = Regularization(noise_probability=1.0)
    alone = batch_augmentation(noise, assets=ASSETS)(audio, {}, SEED)[0]["audio"].numpy()
    shifted = Regularization(noise_probability=1.0, time_shift_ms=1e3 / 8_000)
    both = batch_augmentation(shifted, assets=ASSETS)(audio, {}, SEED)[0]["audio"].numpy()
    noise_alone = alone - audio["audio"].numpy()
    moved = time_shift(audio["audio"], tf.random.fold_in(tf.constant(SEED, tf.int64), 0), samples=1)
    ratio = (both - moved.numpy()) / noise_alone  # the same noise, at the moved clip's power
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=2e-2)


def test_batches_in_a_pipeline_repeat_whatever_runs_in_parallel():
    augment = batch_augmentation(
        Regularization(time_shift_ms=1.0, noise_probability=0.8), assets=ASSETS
    )

    def stream(workers):
        data = tf.data.Dataset.from_tensor_slices(clips(8)).batch(2).enumerate()
        made = data.map(
            lambda step, audio: augment({"audio": audio}, {}, tf.stack([1, step]))[0]["audio"],
            num_parallel_calls=workers,
        )
        return np.concatenate(list(made.as_numpy_iterator()))

    np.testing.assert_array_equal(stream(1), stream(4))
