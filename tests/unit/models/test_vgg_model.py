"""What is special about VGG."""

import numpy as np
import pytest

from zoo.models.image.vgg import vgg

TINY = {"depths": (1,) * 5, "widths": (2,) * 5, "hidden_dim": 6}


def test_a_larger_image_gives_the_mean_of_its_parts():
    model = vgg(input_shape=(None, None, 1), **TINY)
    image = np.random.default_rng(0).normal(size=(1, 256, 224, 1)).astype("float32")
    fc6 = model.get_layer("fc6_conv")
    found = model(image)
    assert found["stride_32"].shape == (1, 8, 7, 2) and found["pooled"].shape == (1, 6)
    assert fc6.kernel.shape == (7, 7, 2, 6)
    assert model(image[:, :40, :33])["pooled"].shape == (1, 6)


def test_images_that_the_poolings_use_up_are_refused():
    with pytest.raises(ValueError, match="nothing left at stride 32"):
        vgg(input_shape=(28, 28, 1), **TINY)
    assert vgg(input_shape=(28, 28, 1), depths=(1,) * 4, widths=(2,) * 4, hidden_dim=0)
