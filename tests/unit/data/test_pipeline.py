"""The stream of batches is a function of (seed, step)."""

import dataclasses
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Spec
from zoo.data.dataset import Split
from zoo.data.pipeline import GROUPED_BATCHES, Encoded, batch_positions, training_stream


@dataclasses.dataclass
class Declared:
    x: dict
    y: dict

    def specs(self):
        return self.x, self.y


class Identity:
    """Encodes an example as itself, and counts how often it was asked."""

    random_encoding = False

    def __init__(self):
        self.calls = 0

    def units(self, split, assets, *, training):
        return split

    def together(self, assets):
        return None

    def encode(self, example, assets, seed):
        self.calls += 1
        offset = 0 if seed is None else seed
        return {"value": np.asarray(example["value"])}, {
            "label": np.int64(example["label"] + offset)
        }


ASSETS = Declared({"value": Spec((2,), "float32")}, {"label": Spec((), "int64")})


def make_split(size=10):
    values = np.arange(size * 2, dtype="float32").reshape(size, 2)
    return Split({"value": values, "label": np.arange(size)})


@given(
    size=st.integers(1, 40),
    batch_size=st.integers(1, 25),
    seed=st.integers(0, 5),
    passes=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None)
def test_every_pass_sees_every_example_once(size, batch_size, seed, passes):
    steps = -(-size * passes // batch_size)
    stream = np.concatenate(
        [batch_positions(s, size=size, batch_size=batch_size, seed=seed) for s in range(steps)]
    )
    for number in range(passes):
        one_pass = stream[number * size : (number + 1) * size]
        assert sorted(one_pass) == list(range(size))


def test_passes_differ_and_seeds_differ():
    first, second = (batch_positions(s, size=50, batch_size=50, seed=1) for s in (0, 1))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, batch_positions(0, size=50, batch_size=50, seed=2))


def stream_of(steps, *, size, batch_size, buckets, seed=1):
    return np.stack(
        [
            batch_positions(step, size=size, batch_size=batch_size, seed=seed, buckets=buckets)
            for step in range(steps)
        ]
    )


def buckets_of(size, *, seed=0):
    return np.random.default_rng(seed).integers(0, 6, size)


@given(
    size=st.integers(1, 60),
    batch_size=st.integers(1, 25),
    seed=st.integers(0, 5),
    passes=st.integers(1, 4),
)
@settings(max_examples=60)
def test_grouping_by_length_leaves_every_example_in_its_pass(size, batch_size, seed, passes):
    steps = -(-size * passes // batch_size)
    stream = stream_of(
        steps, size=size, batch_size=batch_size, seed=seed, buckets=buckets_of(size)
    ).ravel()
    for number in range(passes):
        one_pass = stream[number * size : (number + 1) * size]
        assert sorted(one_pass) == list(range(size))


@pytest.mark.parametrize(("size", "batch_size"), [(60, 64), (100, 32), (300, 64), (1000, 64)])
def test_grouping_by_length_puts_no_more_copies_into_a_batch(size, batch_size):
    shape = {"size": size, "batch_size": batch_size}
    grouped = stream_of(128, buckets=buckets_of(size), **shape)
    plain = stream_of(128, buckets=None, **shape)
    assert sorted(len(set(row)) for row in grouped.tolist()) == sorted(
        len(set(row)) for row in plain.tolist()
    )
    assert max(np.bincount(row).max() for row in grouped) <= 2


def test_grouping_by_length_saves_padding():
    lengths = np.random.default_rng(0).geometric(0.1, 5000)
    edges = np.array([8, 16, 24, 32, 48, 64, 96, 128])
    buckets = np.searchsorted(edges, lengths)

    def cells(stream):
        return edges[buckets[stream].max(axis=1)].sum() * stream.shape[1] / lengths[stream].sum()

    shape = {"size": 5000, "batch_size": 50}
    plain = stream_of(100, buckets=None, **shape)
    assert cells(stream_of(100, buckets=buckets, **shape)) < 0.6 * cells(plain)


def test_grouped_batches_of_one_pass_come_in_a_random_order():
    buckets = buckets_of(6400)
    stream = stream_of(GROUPED_BATCHES, size=6400, batch_size=100, buckets=buckets)
    order = buckets[stream].mean(axis=1)
    assert not np.array_equal(order, np.sort(order))


# Recorded runs depend on these, so they never change.
PLAIN = [[9, 6, 0, 2], [1, 4, 7, 5], [3, 8, 4, 1], [2, 8, 5, 0], [7, 9, 6, 3]]
OF_ONE_BUCKET = [[9, 6, 8, 0], [6, 7, 9, 1], [4, 6, 8, 7], [1, 4, 7, 5], [1, 5, 0, 5]]


@pytest.mark.parametrize(
    ("buckets", "expected", "digest"),
    [
        (None, PLAIN, "bc4b06a8043a75ef"),
        (np.zeros(1000, int), OF_ONE_BUCKET, "78f9681aa842cca9"),
    ],
)
def test_the_order_of_examples_of_one_length_is_as_recorded(buckets, expected, digest):
    few = None if buckets is None else buckets[:10]
    assert stream_of(5, size=10, batch_size=4, seed=3, buckets=few).tolist() == expected
    long = stream_of(200, size=1000, batch_size=64, buckets=buckets)
    assert hashlib.sha256(long.astype("<i8").tobytes()).hexdigest()[:16] == digest


def test_stream_from_a_later_step_equals_the_rest_of_the_whole_stream():
    encoded = Encoded(make_split(), Identity(), ASSETS)
    whole = list(training_stream(encoded, batch_size=4, seed=3).take(7))
    rest = list(training_stream(encoded, batch_size=4, seed=3, first_step=5).take(2))
    for (x, y), (x_late, y_late) in zip(whole[5:], rest, strict=True):
        assert np.array_equal(x["value"], x_late["value"])
        assert np.array_equal(y["label"], y_late["label"])


def test_the_stream_leaves_nothing_to_tune_while_it_runs():
    """tf.data's autotuning thread would be waited for when `fit` ends."""
    stream = training_stream(Encoded(make_split(), Identity(), ASSETS), batch_size=4, seed=3)
    assert stream.options().autotune.enabled is False


def test_augmentation_gets_a_seed_of_its_own_for_each_step():
    encoded = Encoded(make_split(), Identity(), ASSETS)
    stream = training_stream(
        encoded, batch_size=2, seed=9, augment=lambda x, y, seed: ({"seed": seed}, y)
    )
    seeds = [tuple(x["seed"].numpy()) for x, _ in stream.take(3)]
    assert seeds == [(9, 0), (9, 1), (9, 2)]


def test_examples_are_encoded_once_where_they_fit_in_memory():
    task = Identity()
    encoded = Encoded(make_split(6), task, ASSETS)
    for _ in range(3):
        list(encoded.batches(4))
    assert task.calls == 6


def test_examples_are_encoded_at_each_access_where_they_do_not_fit():
    task = Identity()
    encoded = Encoded(make_split(6), task, ASSETS, memory_limit_bytes=0)
    kept = Encoded(make_split(6), Identity(), ASSETS)
    for _ in range(2):
        pairs = zip(encoded.batches(4), kept.batches(4), strict=True)
        for (x, y), (x_kept, y_kept) in pairs:
            assert np.array_equal(x["value"], x_kept["value"])
            assert np.array_equal(y["label"], y_kept["label"])
    assert task.calls == 12


def test_random_encodings_get_seeds_that_repeat():
    encoded = Encoded(make_split(6), Identity(), ASSETS, memory_limit_bytes=0)
    one, two = (
        [y["label"].numpy() for _, y in training_stream(encoded, batch_size=3, seed=1).take(4)]
        for _ in range(2)
    )
    assert np.array_equal(one, two)
    assert len(np.unique(np.concatenate(one))) > 6  # offsets differ from visit to visit


def test_random_encodings_are_drawn_anew_in_training_whatever_the_size_of_the_data():
    class Random(Identity):
        random_encoding = True

    trained = Encoded(make_split(6), Random(), ASSETS, training=True)
    labels = [y["label"].numpy() for _, y in training_stream(trained, batch_size=6, seed=1).take(2)]
    assert len(np.unique(np.concatenate(labels))) > 6
    (_, y) = next(Encoded(make_split(6), Random(), ASSETS).batches(6))
    assert y["label"].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("buckets", "width"), [((), 5), ((4, 8), 8)])
def test_sequences_are_padded_to_the_longest_or_the_edge_of_a_bucket(buckets, width):
    class Sequences:
        random_encoding = False

        def units(self, split, assets, *, training):
            return split

        def encode(self, example, assets, seed):
            return {"ids": example["ids"]}, {}

    assets = Declared({"ids": Spec((None,), "int64", padding=-1, buckets=buckets)}, {})
    split = Split({"ids": [np.arange(3), np.arange(5)]})
    ((x, _),) = Encoded(split, Sequences(), assets).batches(2)
    assert x["ids"].shape == (2, width)
    assert x["ids"][0].tolist() == [0, 1, 2] + [-1] * (width - 3)


def test_parallel_stream_keeps_its_order():
    encoded = Encoded(make_split(64), Identity(), ASSETS)
    stream = training_stream(encoded, batch_size=8, seed=1)
    expected = [batch_positions(s, size=64, batch_size=8, seed=1) for s in range(20)]
    for (_, y), positions in zip(stream.take(20), expected, strict=True):
        assert np.array_equal(y["label"], positions)


def test_encoded_examples_are_not_held_twice(monkeypatch):
    import tracemalloc

    from zoo.columns import Image, Label
    from zoo.columns.assets import Assets
    from zoo.data.dataset import Split

    count, side = 200, 64
    stored = count * side * side * 3
    split = Split(
        {"image": range(count), "label": np.zeros(count, "int64")},
        decode={"image": lambda i: np.full((side, side, 3), i % 256, "uint8")},
    )

    class Task:
        random_encoding = False

        def units(self, split, assets, *, training):
            return split

        def encode(self, example, assets, seed):
            return {"image": example["image"]}, {"label": example["label"]}

    assets = Assets(x={"image": Image((side, side, 3))}, y={"label": Label(("a",))})
    tracemalloc.start()
    encoded = Encoded(split, Task(), assets)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5 * stored
    x, _ = encoded.batch(np.array([3, 199]))
    assert x["image"][:, 0, 0, 0].tolist() == [3, 199]
