"""What is special about AirBench's network."""

import numpy as np
import pytest

from zoo.errors import ArgumentError
from zoo.models.image.airbench import PartialIdentity, airbench, whiten


def test_whitened_patches_are_uncorrelated_and_the_kernel_is_frozen():
    model = airbench(input_shape=(16, 16, 2), widths=(4,))
    generator = np.random.default_rng(0)
    images = generator.normal(size=(200, 16, 16, 2)).cumsum(1).astype("float32") / 4
    whiten(model, images)
    layer = model.get_layer("whiten_conv")
    found = np.asarray(layer(images))[..., :8].reshape(-1, 8)
    np.testing.assert_allclose(found.T @ found / len(found), np.eye(8), atol=0.05)
    assert [variable.name for variable in layer.trainable_variables] == ["bias"]
    assert all(variable is not layer.kernel for variable in model.trainable_variables)
    with pytest.raises(ArgumentError, match="2 channels"):
        whiten(model, images[..., :1])


def test_first_filters_pass_their_input_on():
    kernel = np.asarray(PartialIdentity(seed=0)((3, 3, 4, 6)))
    image = np.random.default_rng(0).normal(size=(1, 1, 3, 3, 4))
    given = np.einsum("...hwc,hwcf->...f", image, kernel)
    np.testing.assert_allclose(given[..., :4], image[:, :, 1, 1], rtol=1e-5)
    assert np.abs(kernel[..., 4:]).max() <= 1 / 6 and kernel[..., 4:].std() > 0.05
