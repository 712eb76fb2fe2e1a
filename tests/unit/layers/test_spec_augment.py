"""SpecAugment: how many masks, how wide, where, and that each example draws its own."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import ArgumentError
from zoo.layers.spec_augment import SpecAugment


def run(layer, features, **arguments):
    return keras.ops.convert_to_numpy(layer(features, **arguments))


def features(count=8, frames=30, bins=20, seed=0):
    """No value is the clip's mean, so that whatever changed was masked."""
    values = np.random.default_rng(seed).normal(size=(count, frames, bins)).astype("float32")
    return np.where(np.abs(values) < 0.1, 1.0, values).astype("float32") + 3


def masked(layer, x):
    return run(layer, x, training=True) != x


def runs(line):
    """Lengths of the stretches of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
    return (edges[1::2] - edges[::2]).tolist()


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 3),
    width=st.integers(1, 6),
    seed=st.integers(0, 2**31 - 1),
    axis=st.sampled_from(["frequency", "time"]),
)
def test_masks_are_whole_bands_no_more_and_no_wider_than_said(count, width, seed, axis):
    layer = SpecAugment(**{f"{axis}_masks": count, f"{axis}_mask_width": width}, seed=seed)
    hidden = masked(layer, features())
    if axis == "frequency":
        hidden = hidden.transpose(0, 2, 1)  # (B, masked axis, the other)
    whole = hidden.any(axis=2)
    np.testing.assert_array_equal(hidden.all(axis=2), whole)
    for line in whole:
        stretches = runs(line)
        assert len(stretches) <= count
        assert line.sum() <= count * width
        assert all(stretch <= count * width for stretch in stretches)


def test_widths_are_spread_evenly_from_nothing_to_the_widest():
    hidden = masked(SpecAugment(1, 5, seed=3), features(count=6_000))
    widths = hidden.any(axis=1).sum(axis=1)
    shares = np.bincount(widths, minlength=6) / 6_000
    np.testing.assert_allclose(shares, 1 / 6, atol=0.02)


def test_places_reach_both_ends_evenly():
    hidden = masked(
        SpecAugment(time_masks=1, time_mask_width=1, seed=4), features(count=20_000, bins=2)
    )
    by_frame = hidden.any(axis=2).sum(axis=0)
    expected = 20_000 / 2 / 30  # half of the masks have width 0
    assert (np.abs(by_frame - expected) < 5 * expected**0.5).all()


def test_each_example_draws_its_own_masks():
    hidden = masked(SpecAugment(2, 5, 2, 8, seed=5), features(count=16))
    assert len({line.tobytes() for line in hidden}) > 12


def test_what_is_masked_becomes_the_mean_of_the_clip():
    x = features()
    y = run(SpecAugment(1, 6, 1, 6, seed=6), x, training=True)
    means = np.broadcast_to(x.mean(axis=(1, 2), keepdims=True), x.shape)
    np.testing.assert_allclose(y[y != x], means[y != x], rtol=1e-5)


def test_no_mask_takes_more_than_half_of_an_axis():
    hidden = masked(SpecAugment(1, 100, 1, 100, seed=7), features(count=500))
    assert hidden.all(axis=1).sum(axis=1).max() == 10
    assert hidden.all(axis=2).sum(axis=1).max() == 15


def test_it_is_the_identity_in_inference_and_without_masks():
    x = features()
    np.testing.assert_array_equal(run(SpecAugment(2, 5, 2, 5, seed=1), x), x)
    np.testing.assert_array_equal(run(SpecAugment(2, 5, 2, 5, seed=1), x, training=False), x)
    np.testing.assert_array_equal(run(SpecAugment(), x, training=True), x)
    np.testing.assert_array_equal(run(SpecAugment(0, 5, 0, 5), x, training=True), x)


def test_same_seed_same_draws_and_each_call_new_ones():
    x = features()
    first, again = SpecAugment(2, 5, 2, 5, seed=8), SpecAugment(2, 5, 2, 5, seed=8)
    one, two = run(first, x, training=True), run(first, x, training=True)
    np.testing.assert_array_equal(run(again, x, training=True), one)
    assert (one != two).any()


def test_the_generator_is_part_of_the_model_so_that_a_checkpoint_holds_it():
    spectrogram = keras.Input((30, 20))
    model = keras.Model(spectrogram, SpecAugment(1, 3, seed=9)(spectrogram))
    assert any("seed" in variable.path for variable in model.variables)
    before = [np.asarray(variable) for variable in model.variables]
    model(features(), training=True)
    assert any((np.asarray(v) != old).any() for v, old in zip(model.variables, before, strict=True))


def test_it_takes_clips_of_unknown_length():
    spectrogram = keras.Input((None, 20))
    model = keras.Model(spectrogram, SpecAugment(1, 5, 1, 5, seed=2)(spectrogram))
    x = features()
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)


def test_the_config_makes_the_same_layer():
    layer = SpecAugment(2, 5, 1, 8, seed=11)
    again = SpecAugment.from_config(layer.get_config())
    x = features()
    np.testing.assert_array_equal(run(again, x, training=True), run(layer, x, training=True))


@pytest.mark.parametrize(
    "name", ["frequency_masks", "frequency_mask_width", "time_masks", "time_mask_width"]
)
@pytest.mark.parametrize("wrong", [-1, 1.5, True])
def test_what_is_no_count_is_refused(name, wrong):
    with pytest.raises(ArgumentError, match=f"{name}={wrong!r}"):
        SpecAugment(**{name: wrong})


def test_padding_stays_and_spans_lie_before_it():
    masks = {"frequency_masks": 1, "frequency_mask_width": 6, "time_masks": 2, "time_mask_width": 9}
    layer = SpecAugment(**masks, padded=True, seed=4)
    x = np.pad(features(count=64, frames=12), [(0, 0), (0, 30), (0, 0)])
    found = run(layer, x, training=True)
    assert (found[:, 12:] == 0).all()
    hidden = found[:, :12] != x[:, :12]
    assert hidden.any(axis=(1, 2)).mean() > 0.9
    spans = hidden.all(axis=2).sum(axis=1)  # frames that are hidden whole
    assert spans.max() > 6 and (spans[hidden.any(axis=(1, 2))] < 12).mean() > 0.8
    places = np.argwhere(hidden)
    means = x[:, :12].mean(axis=(1, 2))
    filled = found[:, :12][hidden]
    np.testing.assert_allclose(filled, means[places[:, 0]], rtol=1e-5)
