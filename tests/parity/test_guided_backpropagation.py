"""Guided backpropagation of ReLU networks against PyTorch with hooks that cut gradients at 0."""

import keras
import numpy as np
import pytest

from recipes.explanations.guided_backpropagation import guided_backpropagation
from recipes.explanations.network import Compiled, Network

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
IMAGE = np.random.default_rng(2).normal(size=(9, 9, 2)).astype("float32")


def ours():
    """Return a network with each way of having a ReLU: in a layer, as one, and as an activation."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    image = keras.Input((9, 9, 2), name="image")
    x = layers.Conv2D(5, 3, activation="relu", bias_initializer="random_normal", name="one")(image)
    x = layers.Activation("relu6")(layers.Conv2D(6, 3, name="two")(x))
    x = layers.ReLU()(layers.Dense(7, name="three")(layers.Flatten()(x)))
    return keras.Model({"image": image}, {"logits": layers.Dense(3, name="four")(x)})


def theirs(model):
    network = torch.nn.Sequential(
        *(torch.nn.Conv2d(2, 5, 3), torch.nn.ReLU(), torch.nn.Conv2d(5, 6, 3), torch.nn.ReLU6()),
        *(torch.nn.Flatten(), torch.nn.Linear(150, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3)),
    )
    for place, name in ((0, "one"), (2, "two"), (5, "three"), (7, "four")):
        kernel, bias = (np.asarray(part) for part in model.get_layer(name).weights)
        if kernel.ndim == 4:
            kernel = kernel.transpose(3, 2, 0, 1)
        elif name == "three":  # from (H, W, C) to (C, H, W)
            kernel = kernel.reshape(5, 5, 6, 7).transpose(2, 0, 1, 3).reshape(150, 7).T
        else:
            kernel = kernel.T
        network[place].weight.data = torch.tensor(np.ascontiguousarray(kernel))
        network[place].bias.data = torch.tensor(bias)
    for module in network:
        if isinstance(module, torch.nn.ReLU | torch.nn.ReLU6):
            module.register_full_backward_hook(lambda _, inner, outer: (inner[0].clamp(min=0),))
    return network


def test_equals_pytorch():
    model = ours()
    asked = Network(Compiled(model), IMAGE[None], label=1)
    image = torch.tensor(IMAGE.transpose(2, 0, 1)[None], requires_grad=True)
    score = theirs(model)(image)[0, 1]
    (expected,) = torch.autograd.grad(score, image)
    expected = expected[0].numpy().transpose(1, 2, 0)
    found = guided_backpropagation(asked.guided_gradients, IMAGE)
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
    # A plain gradient differs, and is what it was after a guided one.
    plain = asked.gradients(IMAGE[None])[1][0]
    assert np.abs(plain - found).max() > 0.1 * np.abs(found).max()
    image.grad, network = None, theirs(model)
    for module in network:
        module._backward_hooks.clear()
    (expected,) = torch.autograd.grad(network(image)[0, 1], image)
    np.testing.assert_allclose(plain, expected[0].numpy().transpose(1, 2, 0), atol=1e-5)
