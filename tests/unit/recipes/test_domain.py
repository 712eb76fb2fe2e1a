"""Other data beside a run's own, and data that says the same in another way."""

import math

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

import zoo
from zoo.columns.readers.images import write_png
from zoo.errors import ArgumentError
from zoo.metrics.comparisons import difference

DIGITS, VOWELS = "cnn_small.digits", "ds_cnn_s.vowels"


def newcombe(right, count, others, of):
    """Return Newcombe's interval of a difference of shares, by his formula with Wilson's ends."""

    def wilson(r, n):
        z, p = 1.959964, r / n
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return [(p + z * z / (2 * n) + sign * half) / (1 + z * z / n) for sign in (-1, 1)]

    p, q = right / count, others / of
    (low, high), (least, most) = wilson(right, count), wilson(others, of)
    below = math.sqrt((p - low) ** 2 + (most - q) ** 2)
    above = math.sqrt((high - p) ** 2 + (q - least) ** 2)
    first, second = (
        {"value": r / n, "low": ends[0], "high": ends[1]}
        for r, n, ends in ((right, count, (low, high)), (others, of, (least, most)))
    )
    return (p - q - below, p - q + above), difference(first, second)


def test_a_difference_is_newcombes():
    # 56/70 against 48/80: 0.0524 to 0.3339 in Newcombe (1998), table II, method 10
    (low, high), found = newcombe(56, 70, 48, 80)
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    assert (found["low"], found["high"]) == pytest.approx((low, high))
    assert difference({"value": 0.5, "low": None, "high": None}, found)["low"] is None


@pytest.fixture(scope="module")
def dark(tmp_path_factory):
    """Test digits with a quarter of their light, in a folder."""
    folder, split = tmp_path_factory.mktemp("dark"), zoo.load_dataset("digits").splits["test"]
    for i in range(150):
        place = folder / "test" / str(split.labels[i])
        for part in (place, folder / "train" / place.name):
            part.mkdir(parents=True, exist_ok=True)
            write_png(part / f"{i}.png", split[i]["image"] // 4)
    return folder


def test_other_data_is_compared_with_the_runs_own(dark):
    found = zoo.evaluate(DIGITS, data=dark, beside_own=True)
    own = zoo.evaluate(DIGITS)
    assert found["domain"]["own"]["metrics"] == own["metrics"]
    assert found["domain"]["own"]["data_as_trained"]
    apart = found["domain"]["differences"]["accuracy"]
    values = [each["metrics"]["accuracy"]["value"] for each in (found, own)]
    assert apart["value"] == pytest.approx(values[0] - values[1]) and apart["value"] < -0.05
    assert apart["low"] < apart["value"] < apart["high"] < 0
    assert found["domain"]["differences"]["ece"]["low"] is None  # it has no interval itself
    with pytest.raises(ArgumentError, match="there is none"):
        zoo.evaluate(DIGITS, beside_own=True)
    with pytest.raises(ArgumentError, match="holds the test examples of"):
        zoo.evaluate(DIGITS, data="digits", beside_own=True)


def test_recordings_at_another_rate_and_classes_in_another_order_score_the_same(tmp_path):
    data = zoo.load_dataset("vowels")
    split, right = data.splits["test"], []
    for i in range(0, len(split), 3):
        for part in ("train", "test"):
            place = tmp_path / part / data.classes[split.labels[i]]
            place.mkdir(parents=True, exist_ok=True)
            twice = resample_poly(split[i]["audio"], 2, 1)
            soundfile.write(place / f"{i}.wav", twice, 16000, subtype="FLOAT")
        right.append(i)
    assert list(data.classes) != sorted(data.classes)  # as a folder lists them
    found = zoo.evaluate(VOWELS, data=tmp_path, by="length")
    answers = zoo.predict(VOWELS, [split[i]["audio"] for i in right])
    labels = [each["predictions"][0]["label"] for each in answers]
    truth = [data.classes[split.labels[i]] for i in right]
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(
        np.mean([a == b for a, b in zip(labels, truth, strict=True)]), abs=0.02
    )
    longest = max(len(split[i]["audio"]) for i in right) / 8000
    assert found["by"]["length"]["groups"][-1]["group"].endswith(f"to {longest:.3g} seconds")
