"""EfficientNet and EfficientNet-Lite against timm's, keras.applications' and the Lite package's."""

import keras
import numpy as np
import pytest

from tests.parity.mobile_models import assert_names_reach, keras_tensors, random_statistics
from tests.parity.real_files import fetched_file, photographs
from tests.parity.timm_models import assert_close, check_against_timm, image_batch
from zoo import registry
from zoo.columns.image import fit_image
from zoo.columns.readers.images import read_image
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.efficientnet import MAPS
from zoo.weights import load_into

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
F = torch.nn.functional
REPLACED = ("stride_32",)  # by the last convolution
LITE = {
    "efficientnet_lite0": "efficientnet-lite0-57934424.pth",
    "efficientnet_lite1": "efficientnet-lite1-77cc7160.pth",
    "efficientnet_lite2": "efficientnet-lite2-9656183e.pth",
}


def test_equals_timm():
    check_against_timm("efficientnet_b0", but=REPLACED)


def test_lite_equals_timm():
    check_against_timm("efficientnet_lite0", timm_name="tf_efficientnet_lite0", but=REPLACED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_b1", "efficientnet_b2", "efficientnet_b3"])
def test_larger_equals_timm(name):
    check_against_timm(name, but=REPLACED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_lite1", "efficientnet_lite2"])
def test_larger_lite_equals_timm(name):
    check_against_timm(name, timm_name=f"tf_{name}", but=REPLACED)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_lite0"])
def test_odd_size_and_one_channel_equal_timm(name):
    theirs = name.replace("efficientnet_lite", "tf_efficientnet_lite")
    check_against_timm(name, timm_name=theirs, size=(75, 90), channels=1, but=REPLACED)


@pytest.mark.slow
def test_keras_applications_equals():
    network = keras.applications.EfficientNetB0(
        input_shape=(70, 96, 3), weights=None, classes=10, classifier_activation=None
    )
    random_statistics(network)
    model = build(
        "efficientnet_b0",
        input_shape=(70, 96, 3),
        num_classes=10,
        preprocessing=False,
        padding="same",
        norm_epsilon=1e-3,
    )
    tensors = keras_tensors(network)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch((70, 96))
    assert_close(model(image), network(255 * image), what="keras.applications")


def test_names_reach_every_layer():
    others = "torch, torchvision", "torch, efficientnet_lite_pytorch, 16 blocks", "keras"
    model = build("efficientnet_b0", input_shape=(32, 32, 3))
    assert_names_reach(model, [MAPS[names] for names in ("torch", *others)])


def lite_torch(image, tensors):
    """EfficientNet-Lite with padding as TensorFlow has it, from the package's names."""

    def conv(x, name, *, norm, stride=1, groups=1):
        kernel = tensors[f"{name}.weight"]
        sides = []
        for size in reversed(x.shape[2:]):
            extra = max((-(-size // stride) - 1) * stride + kernel.shape[-1] - size, 0)
            sides += [extra // 2, extra - extra // 2]
        x = F.conv2d(F.pad(x, sides), kernel, stride=stride, groups=groups)
        parts = (tensors[f"{norm}.{part}"] for part in ("running_mean", "running_var"))
        return F.batch_norm(x, *parts, tensors[f"{norm}.weight"], tensors[f"{norm}.bias"], eps=1e-3)

    x = F.relu6(conv(image, "_conv_stem", norm="_bn0", stride=2))
    suffix = "._project_conv.weight"
    widths = [len(tensor) for name, tensor in tensors.items() if name.endswith(suffix)]
    stages = list(dict.fromkeys(widths))  # no two stages are of the same width
    for number, width in enumerate(widths):
        name, entered = f"_blocks.{number}", x
        is_first = widths.index(width) == number
        stride = 2 if is_first and stages.index(width) in (1, 2, 3, 5) else 1
        if f"{name}._expand_conv.weight" in tensors:
            x = F.relu6(conv(x, f"{name}._expand_conv", norm=f"{name}._bn0"))
        depthwise = {"norm": f"{name}._bn1", "stride": stride, "groups": x.shape[1]}
        x = F.relu6(conv(x, f"{name}._depthwise_conv", **depthwise))
        x = conv(x, f"{name}._project_conv", norm=f"{name}._bn2")
        x = x + entered if stride == 1 and x.shape == entered.shape else x
    x = F.relu6(conv(x, "_conv_head", norm="_bn1"))
    return F.linear(x.mean((2, 3)), tensors["_fc.weight"], tensors["_fc.bias"])


@pytest.mark.parametrize("name", LITE)
def test_published_lite_weights_give_the_logits_of_their_definition(name):
    tensors = torch.load(fetched_file(name, LITE[name]), map_location="cpu", weights_only=True)
    model = build(name, preprocessing=False)
    arrays = {key: tensor.numpy() for key, tensor in tensors.items()}
    load_into(model, converted(model, arrays, MAPS, source=LITE[name]).tensors)
    image = image_batch(model.input_shape[1:3])
    with torch.no_grad():
        expected = lite_torch(torch.tensor(image.transpose(0, 3, 1, 2)), tensors)
    assert_close(model(image), expected, what=name)


@pytest.mark.slow
@pytest.mark.parametrize("name", LITE)
def test_published_lite_weights_name_what_their_definition_names_on_photographs(name):
    path = fetched_file(name, LITE[name])
    tensors = torch.load(path, map_location="cpu", weights_only=True)
    model = build(name, weights=path, preprocessing=False)
    card = registry.pretrained_card(f"{name}.in1k")
    size = (card.resolution, card.resolution, 3)
    assert model.input_shape[1:] == size
    how = {"crop_share": card.preprocessing.crop_share, "interpolation": "bicubic"}
    same, largest, pictures = 0, 0.0, photographs()
    names = sorted(pictures)
    for start in range(0, len(names), 32):
        files = [pictures[file] for file in names[start : start + 32]]
        pixels = np.stack([fit_image(read_image(file, channels=3), size, **how) for file in files])
        image = pixels.astype("float32") / 127.5 - 1
        found = np.asarray(model(image))
        with torch.no_grad():
            expected = lite_torch(torch.tensor(image.transpose(0, 3, 1, 2)), tensors).numpy()
        same += int((found.argmax(1) == expected.argmax(1)).sum())
        largest = max(largest, float(np.abs(found - expected).max()))
    print(f"{name}: {same} of {len(names)} labels agree, logits within {largest:.1e}")
    assert same >= 0.995 * len(names)
    assert largest <= 1e-3
