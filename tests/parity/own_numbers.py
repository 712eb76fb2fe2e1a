"""Our networks with numbers drawn at random, for PyTorch that a test writes from the paper."""

import numpy as np

from tests.parity.timm_models import torch
from zoo.composition import build
from zoo.weights import tensor_keys


def randomized(name, **arguments):
    """Return a model whose numbers are all drawn, and the numbers as tensors by "LAYER.VARIABLE"."""
    model = build(name, preprocessing=False, num_classes=5, **arguments)
    generator, values = np.random.default_rng(0), {}
    for key, variable in tensor_keys(model).items():
        shape, (layer, whole) = variable.shape, key.split("/")[-2:]
        kind = whole.partition(".")[2]
        if kind in ("gamma", "moving_variance"):
            array = generator.uniform(0.6, 1.4, shape)
        elif len(shape) < 2:
            array = generator.normal(0, 0.1, shape)
        else:
            array = generator.normal(0, (1.5 / np.prod(shape[:-1])) ** 0.5, shape)
        variable.assign(array)
        values[f"{layer}.{kind}"] = torch.tensor(array.astype("float32"))
    return model, values
