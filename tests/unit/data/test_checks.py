"""What check_dataset finds, and what it leaves alone."""

import io
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PIL import Image

from zoo.columns import Image as Images
from zoo.columns import Label
from zoo.columns.readers.images import read_image
from zoo.data import duplicates
from zoo.data.checks import Finding, check_dataset
from zoo.data.dataset import Dataset, Split

SHAPE = (24, 24, 3)


def photos(count: int, *, seed: int) -> np.ndarray:
    """Smooth, differing images, (count, H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(20, 230, (count, 6, 6, 3), dtype="uint8")
    return np.stack([np.asarray(Image.fromarray(c).resize(SHAPE[:2])) for c in coarse])


def split_of(images: np.ndarray, labels: np.ndarray | None = None) -> Split:
    return Split(
        {"image": images, "label": np.arange(len(images)) % 2 if labels is None else labels}
    )


def dataset_of(skipped: tuple[str, ...] = (), **splits: Split) -> Dataset:
    return Dataset(
        name="made_here",
        splits=splits,
        features={"image": Images(SHAPE), "label": Label()},
        classes=("cat", "dog"),
        licence="CC0",
        source="folder",
        skipped=skipped,
    )


def found(dataset: Dataset, check: str) -> Finding:
    report = check_dataset(dataset)
    matching = [finding for finding in report.findings if finding.check == check]
    assert len(matching) == 1, report
    assert {finding.check for finding in report.findings} == {check}
    assert matching[0].fix
    return matching[0]


def test_sound_data_gives_no_finding() -> None:
    dataset = dataset_of(
        train=split_of(photos(30, seed=1)),
        validation=split_of(photos(10, seed=2)),
        test=split_of(photos(10, seed=3)),
    )
    report = check_dataset(dataset)
    assert report.findings == ()
    assert report.ok
    assert report.counts == {"train": [15, 15], "validation": [5, 5], "test": [5, 5]}


def test_the_same_pixels_in_train_and_test_are_an_error() -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    test[3], test[8] = train[5], train[21]
    finding = found(
        dataset_of(train=split_of(train), test=split_of(test)), "duplicates_across_splits"
    )
    assert (finding.severity, finding.count) == ("error", 2)
    assert finding.examples == ("test #3 = train #5", "test #8 = train #21")
    assert "1 of them with another label" in finding.message
    assert not check_dataset(dataset_of(train=split_of(train), test=split_of(test))).ok


def test_a_leak_too_small_to_move_a_score_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    test[4] = train[6]
    monkeypatch.setattr(duplicates, "LEAK_SHARE", 0.11)
    finding = found(
        dataset_of(train=split_of(train), test=split_of(test)), "duplicates_across_splits"
    )
    assert finding.severity == "warning"


def resaved(image: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=80)
    return read_image(buffer.getvalue())


def resized(image: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((48, 48)).resize(SHAPE[:2]))


def brightened(image: np.ndarray) -> np.ndarray:
    return np.clip(image.astype(int) + 4, 0, 255).astype("uint8")


@pytest.mark.parametrize("copy", [resaved, resized, brightened])
def test_copies_that_were_changed_a_little_are_found(copy) -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    test[7] = copy(train[11])
    assert not np.array_equal(test[7], train[11])
    finding = found(
        dataset_of(train=split_of(train), test=split_of(test)), "near_duplicates_across_splits"
    )
    assert (finding.severity, finding.count) == ("error", 1)
    assert finding.examples == ("test #7 ~ train #11",)


def test_near_duplicates_are_found_in_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    test[0], test[9] = brightened(train[0]), brightened(train[29])
    monkeypatch.setattr(duplicates, "_ROWS", 3)
    finding = found(
        dataset_of(train=split_of(train), test=split_of(test)), "near_duplicates_across_splits"
    )
    assert finding.examples == ("test #0 ~ train #0", "test #9 ~ train #29")


def test_splits_too_large_to_compare_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "NEAR_PAIRS_LIMIT", 299)
    dataset = dataset_of(train=split_of(photos(30, seed=1)), test=split_of(photos(10, seed=2)))
    assert found(dataset, "near_duplicates_across_splits").severity == "note"
    assert check_dataset(dataset).ok


def test_repeats_within_a_split_weigh_more_with_other_labels() -> None:
    train, test = photos(30, seed=1), split_of(photos(10, seed=2))
    train[4] = train[6] = train[2]
    finding = found(dataset_of(train=split_of(train), test=test), "duplicates_within_split")
    assert (finding.severity, finding.count) == ("note", 2)
    assert finding.examples == ("train #2 = train #4 = train #6",)
    train[5] = train[2]
    finding = found(dataset_of(train=split_of(train), test=test), "duplicates_within_split")
    assert finding.severity == "warning"
    assert "1 group(s) carry different labels" in finding.message


def test_a_class_that_train_lacks_is_an_error_and_one_that_test_lacks_a_warning() -> None:
    one, two = photos(30, seed=1), photos(10, seed=2)
    only_cats = np.zeros(30, int)
    finding = found(
        dataset_of(train=split_of(one, only_cats), test=split_of(two)), "missing_classes"
    )
    assert (finding.severity, finding.examples) == ("error", ("dog",))
    finding = found(
        dataset_of(train=split_of(one), test=split_of(two, only_cats[:10])), "missing_classes"
    )
    assert finding.severity == "warning"


@pytest.mark.parametrize(("dogs", "expected"), [(2, True), (3, False)])
def test_a_rare_class_is_a_warning(dogs: int, expected: bool) -> None:
    labels = np.array([1] * dogs + [0] * 30)
    dataset = dataset_of(
        train=split_of(photos(30 + dogs, seed=1), labels), test=split_of(photos(10, seed=2))
    )
    if not expected:
        assert check_dataset(dataset).findings == ()
        return
    finding = found(dataset, "class_imbalance")
    assert (finding.severity, finding.count) == ("warning", 1)
    assert finding.examples[0] == "dog: 2"


def test_unreadable_images_are_named_and_the_others_checked() -> None:
    buffer = io.BytesIO()
    Image.fromarray(photos(1, seed=4)[0]).save(buffer, "PNG")
    whole = buffer.getvalue()
    broken = Split(
        {"image": [whole, whole[:200]], "label": np.array([0, 1])},
        decode={"image": partial(read_image, name="second.png")},
    )
    finding = found(dataset_of(train=split_of(photos(30, seed=1)), test=broken), "corrupt")
    assert (finding.severity, finding.count) == ("error", 1)
    assert "second.png is damaged" in finding.examples[0]


def test_skipped_files_are_noted() -> None:
    dataset = dataset_of(
        ("a.png", "b.png"), train=split_of(photos(30, seed=1)), test=split_of(photos(9, seed=2))
    )
    finding = found(dataset, "skipped")
    assert (finding.severity, finding.count) == ("note", 2)


def test_constant_images_are_found_and_are_no_near_duplicates() -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    train[9], test[2] = 255, 0
    finding = found(dataset_of(train=split_of(train), test=split_of(test)), "constant")
    assert (finding.severity, finding.count) == ("warning", 2)
    assert set(finding.examples) == {"train #9", "test #2"}


def test_a_report_is_json_with_errors_first() -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    train[1] = train[3]
    test[0] = train[10]
    report = check_dataset(dataset_of(train=split_of(train), test=split_of(test)))
    again = json.loads(json.dumps(report.to_dict()))
    assert [finding["severity"] for finding in again["findings"]] == ["error", "note"]
    assert again["ok"] is False
    assert again["counts"]["test"] == [5, 5]


def test_images_of_one_value_pattern_but_other_shape_are_not_the_same() -> None:
    ramp = np.arange(64, dtype="uint8")
    train = [ramp.reshape(8, 8, 1), *photos(3, seed=1)]
    test = [ramp.reshape(4, 16, 1), *photos(3, seed=2)]
    dataset = dataset_of(
        train=Split({"image": train, "label": np.array([0, 1, 0, 1])}),
        test=Split({"image": test, "label": np.array([0, 1, 0, 1])}),
    )
    assert "duplicates_across_splits" not in {f.check for f in check_dataset(dataset).findings}


@pytest.mark.parametrize(("share", "severity"), [(0.1, "error"), (0.11, "warning")])
def test_near_copies_are_an_error_from_a_share_of_a_split_on(
    monkeypatch: pytest.MonkeyPatch, share: float, severity: str
) -> None:
    train, test = photos(30, seed=1), photos(10, seed=2)
    test[7] = brightened(train[11])
    monkeypatch.setattr(duplicates, "LEAK_SHARE", share)
    dataset = dataset_of(train=split_of(train), test=split_of(test))
    assert found(dataset, "near_duplicates_across_splits").severity == severity
    assert check_dataset(dataset).ok == (severity != "error")


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ("Straße", "'Stra\\xdfe' (5)"),
        ("STRASSE", "'STRASSE' (5)"),
        ("stra\u00dfe ", None),
        ("stra\u200b\u00dfe", "'stra\\u200b\\xdfe' (5)"),
        ("stra\u00ad\u00dfe", "'stra\\xad\\xdfe' (5)"),
    ],
)
def test_classes_of_two_spellings_are_named(other: str, shown: str | None) -> None:
    dataset = replace(
        dataset_of(train=split_of(photos(30, seed=1)), test=split_of(photos(10, seed=2))),
        classes=("straße", other),
    )
    finding = found(dataset, "alike_classes")
    assert (finding.severity, finding.count) == ("warning", 2)
    assert "'stra\\xdfe' (20)" in finding.examples[0]
    assert (shown or "'stra\\xdfe ' (20)").partition(" (")[0] in finding.examples[0]


def test_composed_and_decomposed_letters_are_one_spelling_too() -> None:
    dataset = replace(
        dataset_of(train=split_of(photos(30, seed=1)), test=split_of(photos(10, seed=2))),
        classes=("caf\u00e9", "cafe\u0301"),
    )
    assert found(dataset, "alike_classes").examples == ("'caf\\xe9' (20), 'cafe\\u0301' (20)",)
