"""timm's networks beside ours: the same numbers must give the same outputs.

timm imports torchvision, which PyPI has only for another PyTorch; nothing of it is used here, so
empty modules stand in.
"""

import importlib
import sys
import types

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.weights import load_into

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
LARGEST_DIFFERENCE = 1e-4  # relative to the largest number
CLASSES = 10
_TORCHVISION = (
    "torchvision", "torchvision.transforms", "torchvision.transforms.functional",
    "torchvision.ops", "torchvision.ops.misc", "torchvision.models",
    "torchvision.models.feature_extraction", "torchvision.datasets", "torchvision.datasets.folder",
)  # fmt: skip


class _Anything(type):
    def __getattr__(cls, name):
        return name


def _stand_in(name):
    def attribute(wanted):
        if wanted.startswith("__"):
            raise AttributeError(wanted)
        return _Anything(wanted, (), {})

    module = types.ModuleType(name)
    module.__getattr__ = attribute
    return module


def import_timm():
    """Return timm, or skip the test where it is not installed."""
    if "torchvision" not in sys.modules:
        for name in _TORCHVISION:
            sys.modules[name] = _stand_in(name)
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, sys.modules[name])
    return pytest.importorskip("timm", reason="timm is not installed: pip install --no-deps timm")


def randomized(network, seed=0, gain=1.5):
    """Draw every parameter and statistic of a PyTorch network so that each of them is seen.

    `gain` is the variance of a kernel times its inputs: 1 keeps the size of what passes through.
    """
    generator = np.random.default_rng(seed)
    values = {}
    for name, tensor in network.state_dict().items():
        shape = tuple(tensor.shape)
        if not tensor.dtype.is_floating_point:
            continue
        if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            array = generator.uniform(0.6, 1.4, shape)
        elif len(shape) < 2:
            array = generator.normal(0, 0.1, shape)
        else:
            fan_in = int(np.prod(shape[1:]))
            array = generator.normal(0, (gain / fan_in) ** 0.5, shape)
        values[name] = torch.tensor(array.astype("float32"))
    network.load_state_dict(values, strict=False)
    return network.eval()


def ours_with_numbers_of(name, network, **arguments):
    """Build our model and load a PyTorch network's numbers by the family's name map."""
    model = build(name, preprocessing=False, **arguments)
    module = registry.model_card(name).builder.partition(":")[0].rpartition(".")[2]
    maps = importlib.import_module(f"zoo.pretrained.maps.{module}").MAPS
    tensors = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    load_into(model, converted(model, tensors, maps, source="the reference").tensors)
    return model


def image_batch(size, channels=3, count=2, seed=1):
    """Return (count, H, W, C) images of mean 0 and deviation 1."""
    height, width = (size, size) if isinstance(size, int) else size
    shape = (count, height, width, channels)
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def assert_close(found, expected, *, what=""):
    """Check outputs, which must vary, since constants would be equal anyway."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape, (what, found.shape, expected.shape)
    largest = float(np.abs(expected).max())
    assert expected.std() > 1e-3 * largest > 0, f"{what}: the reference hardly varies"
    difference = float(np.abs(found - expected).max()) / largest
    print(f"{what} largest relative difference: {difference:.1e}")  # pytest -rP shows it
    assert difference <= LARGEST_DIFFERENCE, f"{what}: {difference:.2e}"


def check_against_timm(
    name,
    *,
    timm_name=None,
    size=64,
    channels=3,
    features=True,
    but=(),
    precise=False,
    classes=CLASSES,
    gain=1.5,
    ours=None,
    **theirs,
):
    """Check logits, and features by stride, against timm's network with the same random numbers.

    Args:
        name: of our model.
        timm_name: theirs, if it is another.
        size: of the images, a number or (height, width).
        channels: of the images.
        features: compare the features by stride that both have.
        but: features that are not to be compared, since ours go on from timm's.
        precise: compute both in float64; some deep networks of random numbers magnify rounding.
        classes: of the head.
        gain: of the random numbers, as `randomized`.
        ours: arguments for our builder.
        **theirs: arguments for timm's.
    """
    timm = import_timm()
    theirs = {"num_classes": classes, "in_chans": channels, **theirs}
    network = timm.create_model(timm_name or name, pretrained=False, **theirs)
    network = randomized(network, gain=gain)
    height, width = (size, size) if isinstance(size, int) else size
    arguments = {"input_shape": (height, width, channels), "num_classes": classes, **(ours or {})}
    policy = keras.config.dtype_policy()
    if precise:
        keras.config.set_dtype_policy("float64")
    try:
        model = ours_with_numbers_of(name, network, **arguments)
    finally:
        keras.config.set_dtype_policy(policy)
    image = image_batch(size, channels)
    taken = torch.tensor(image.transpose(0, 3, 1, 2))
    if precise:
        network, taken = network.double(), taken.double()
    with torch.no_grad():
        logits = network(taken)
        logits = logits[0] if isinstance(logits, tuple) else logits  # beside an auxiliary head's
        assert_close(model(image), logits, what=name)
        if not features:
            return
        pyramid = timm.create_model(timm_name or name, pretrained=False, features_only=True, **{
            key: value for key, value in theirs.items() if key != "num_classes"
        })  # fmt: skip
        known = pyramid.state_dict()
        values = {k.replace(".", "_", k.count(".")): v for k, v in network.state_dict().items()}
        missing = [key for key in known if key.replace(".", "_") not in values]
        assert not missing, missing[:3]
        pyramid.load_state_dict({key: values[key.replace(".", "_")] for key in known})
        strides = pyramid.feature_info.reduction()
        pyramid = pyramid.eval().to(taken.dtype)
        expected = dict(zip(strides, pyramid(taken), strict=True))
    backbone = model.get_layer("backbone")
    found = {key: np.asarray(value) for key, value in backbone(image).items()}
    compared = 0
    for stride, tensor in expected.items():
        key = f"stride_{stride}"
        if key in found and key not in but:
            assert_close(found[key], tensor.numpy().transpose(0, 2, 3, 1), what=f"{name} {key}")
            compared += 1
    assert compared, f"no stride of {list(found)} is among {strides}"
