"""What is special about DenseNet."""

import numpy as np
import pytest

from zoo.models.image.densenet import densenet


def test_a_stage_passes_its_input_on_unchanged():
    model = densenet(input_shape=(16, 16, 1), depths=(2, 1), growth=4, stem="small")
    image = np.random.default_rng(0).normal(size=(1, 16, 16, 1)).astype("float32")
    stem = np.asarray(model.get_layer("stem_conv")(image))
    first = np.asarray(model(image)["stride_1"])
    assert first.shape == (1, 16, 16, 8 + 2 * 4)
    np.testing.assert_allclose(first[..., :8], stem, atol=1e-6)


def test_transitions_compress():
    sizes = {"input_shape": (16, 16, 1), "depths": (2, 1), "growth": 4, "stem": "small"}
    assert densenet(compression=1.0, **sizes).output["stride_2"].shape[-1] == 16 + 4
    assert densenet(compression=0.25, **sizes).output["stride_2"].shape[-1] == 4 + 4
    with pytest.raises(ValueError, match="compression"):
        densenet(compression=0.0, **sizes)
