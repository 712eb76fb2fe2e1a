"""Hashed runs of words: equal to plain integers that wrap, and blind to padding."""

import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.layers.hashed_ngrams import MULTIPLIER, HashedNgrams

WORDS, BUCKETS = 250_000, 1009


def by_plain_integers(row, longest):
    """Return the features of one text with Python's integers, wrapped to 32 bits by hand."""
    features = list(row)
    for size in range(2, longest + 1):
        for first in range(len(row)):
            words = row[first : first + size]
            if len(words) < size or 0 in words:
                features.append(0)
                continue
            value = words[0]
            for word in words[1:]:
                value = (value * MULTIPLIER + word + 2**31) % 2**32 - 2**31
            features.append(WORDS + value % BUCKETS)
    return features


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize("tokens", [1, 2, 7])
def test_runs_are_hashed_as_integers_of_32_bits(tokens, longest):
    ids = np.random.default_rng(tokens).integers(1, WORDS, (5, tokens)).astype("int32")
    ids[1, tokens // 2 :] = 0
    found = np.asarray(HashedNgrams(WORDS, BUCKETS, longest=longest)(ids))
    assert found.dtype == "int32"
    assert found.tolist() == [by_plain_integers(row, longest) for row in ids.tolist()]


def test_order_matters_and_ids_spread_over_all_buckets():
    ids = np.stack(np.meshgrid(np.arange(1, 101), np.arange(1, 101)), axis=-1).reshape(-1, 2)
    runs = np.asarray(HashedNgrams(200, BUCKETS)(ids.astype("int32")))[:, 2] - 200
    counts = np.bincount(runs, minlength=BUCKETS)
    assert counts.min() > 0 and counts.max() < 30  # 9.9 on average
    swapped = np.asarray(HashedNgrams(200, BUCKETS)(ids[:, ::-1].astype("int32")))[:, 2] - 200
    assert (runs != swapped).mean() > 0.95


@pytest.mark.parametrize("wrong", [{"num_buckets": 0}, {"num_buckets": 3, "longest": 0}])
def test_nothing_to_hash_into_is_refused(wrong):
    with pytest.raises(ArgumentError, match="cannot be hashed with"):
        HashedNgrams(9, **wrong)
