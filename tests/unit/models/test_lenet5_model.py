"""What is special about LeNet-5: counts that the paper states."""

import numpy as np
import pytest

from zoo.complexity import count_params
from zoo.models.image.lenet5 import TABLE, lenet5, scaled_tanh


def test_parameters_of_each_layer_are_those_of_the_paper():
    """LeCun et al. 1998 §II.B: 60,000 in all, without the fixed pictures of the output layer."""
    model = lenet5()
    counts = {
        name: model.get_layer(name).count_params() for name in ("c1", "s2", "c3", "s4", "c5", "f6")
    }
    assert counts == {"c1": 156, "s2": 12, "c3": 1516, "s4": 32, "c5": 48120, "f6": 10164}
    assert count_params(model) == 60_000


def test_the_table_has_60_connections():
    assert [len(taken) for taken in TABLE] == [3] * 6 + [4] * 9 + [6]
    assert TABLE[5] == (5, 0, 1) and TABLE[8] == (2, 3, 4, 5)


def test_squashing_passes_through_one():
    np.testing.assert_allclose(
        np.asarray(scaled_tanh(np.array([-1.0, 0, 1]))), [-1, 0, 1], atol=1e-3
    )


def test_small_images_are_refused():
    with pytest.raises(ValueError, match="smaller than 32"):
        lenet5(input_shape=(28, 28, 1))
