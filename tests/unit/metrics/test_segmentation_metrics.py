"""Metrics of segmentation against scikit-learn and against counting by hand."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, jaccard_score

from zoo.metrics.segmentation import (
    ESTIMATORS,
    boundary_counts,
    contour,
    segmentation_statistics,
)

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def masks():
    """Six masks of four classes, with void pixels, and answers of which some are wrong."""
    truth = RNG.integers(0, 4, (6, 12, 10))
    found = np.where(RNG.random(truth.shape) < 0.7, truth, RNG.integers(0, 4, truth.shape))
    truth = np.where(RNG.random(truth.shape) < 0.1, -1, truth)
    return found, truth


def test_scores_of_classes_are_those_of_scikit_learn(masks):
    found, truth = masks
    statistics = segmentation_statistics(found, truth, num_classes=4)
    counts = truth >= 0
    flat = truth[counts], found[counts]
    assert ESTIMATORS["miou"](statistics) == pytest.approx(jaccard_score(*flat, average="macro"))
    assert ESTIMATORS["dice"](statistics) == pytest.approx(f1_score(*flat, average="macro"))
    assert ESTIMATORS["pixel_accuracy"](statistics) == pytest.approx((flat[0] == flat[1]).mean())


def test_foreground_is_scored_image_by_image(masks):
    found, truth = masks
    statistics = segmentation_statistics(found, truth, num_classes=4)
    each = [jaccard_score(t[t >= 0] > 0, f[t >= 0] > 0) for f, t in zip(found, truth, strict=True)]
    np.testing.assert_allclose(statistics["foreground_iou"], each)
    assert ESTIMATORS["foreground_iou"](statistics) == pytest.approx(np.mean(each))


def test_weights_count_an_image_so_often(masks):
    found, truth = masks
    weights = np.array([2, 0, 1, 3, 0, 0])
    statistics = segmentation_statistics(found, truth, num_classes=4)
    places = np.repeat(np.arange(6), weights)
    repeated = segmentation_statistics(found[places], truth[places], num_classes=4)
    for name, estimator in ESTIMATORS.items():
        assert estimator(statistics, weights[None])[0] == pytest.approx(estimator(repeated)), name


def test_classes_that_occur_nowhere_do_not_count():
    truth = np.array([[[0, 0], [1, 1]]])
    few = segmentation_statistics(truth, truth, num_classes=2)
    many = segmentation_statistics(truth, truth, num_classes=9)
    for estimator in ESTIMATORS.values():
        assert estimator(few) == estimator(many) == 1


def test_an_image_without_foreground_is_right_if_nothing_is_found():
    truth = np.zeros((1, 4, 4), int)
    right = segmentation_statistics(truth, truth, num_classes=2)
    wrong = segmentation_statistics(truth + 1, truth, num_classes=2)
    assert right["foreground_iou"].tolist() == [1] and wrong["foreground_iou"].tolist() == [0]


def test_contours_are_pixels_with_another_class_beside_them():
    mask = np.zeros((5, 6), bool)
    mask[1:4, 1:5] = True
    inner = np.zeros_like(mask)
    inner[2, 2:4] = True
    np.testing.assert_array_equal(contour(mask), mask & ~inner)
    assert not contour(np.ones((3, 3), bool)).any()  # the border of the image is none


def test_a_contour_may_lie_off_by_a_pixel_and_not_by_three():
    truth = np.zeros((40, 40), int)
    truth[10:30, 10:30] = 1
    near, far = np.roll(truth, 1, axis=1), np.roll(truth, 4, axis=1)
    right = boundary_counts(near, truth, num_classes=2)
    assert right[1, 0] == right[1, 1] and right[1, 2] == right[1, 3]
    wrong = boundary_counts(far, truth, num_classes=2)
    # Three sides of the square still lie on one another's lines but for four pixels at each end.
    assert 0 < wrong[1, 0] < wrong[1, 1]
    scores = [
        float(ESTIMATORS["boundary_f"](segmentation_statistics([m], [truth], num_classes=2)))
        for m in (truth, near, far)
    ]
    assert scores[0] == scores[1] == 1 > scores[2]
