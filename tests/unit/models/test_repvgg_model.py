"""What is special about RepVGG: a trained model becomes a plain one."""

import numpy as np
import pytest

from zoo.composition import build
from zoo.errors import ArgumentError
from zoo.models.image.repvgg import fuse

TINY = {"input_shape": (20, 27, 3), "num_classes": 5, "depths": (2, 1), "widths": (4, 8)}


def test_fused_model_gives_the_same_outputs():
    trained = build("repvgg_a0", preprocessing=False, **TINY)
    plain = build("repvgg_a0", preprocessing=False, fused=True, **TINY)
    generator = np.random.default_rng(0)
    for variable in trained.variables:
        if "seed" not in variable.path:
            variable.assign(generator.uniform(0.2, 1.0, variable.shape))
    fuse(trained, plain)
    image = generator.normal(size=(2, 20, 27, 3)).astype("float32")
    expected = np.asarray(trained(image))
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(plain(image)), expected, rtol=1e-4)
    assert not any("norm" in layer.name for layer in plain.get_layer("backbone").layers)


def test_models_that_differ_otherwise_are_refused():
    trained = build("repvgg_a0", **TINY)
    plain = build("repvgg_a0", fused=True, **{**TINY, "widths": (4, 16)})
    with pytest.raises(ArgumentError, match="no counterpart"):
        fuse(trained, plain)
