"""Published weights give the labels of the reference implementation on real pictures."""

import numpy as np
import pytest
import safetensors.numpy

from tests.parity.real_files import cifar10_test, weight_file
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps import resnet_cifar
from zoo.weights import load_into

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
F = torch.nn.functional
AKAMASTER = {  # preprocessing of pytorch_resnet_cifar10
    "scale": 1 / 255,
    "mean": (0.485, 0.456, 0.406),
    "deviation": (0.229, 0.224, 0.225),
}


def resnet_torch(image, tensors, *, num_blocks):
    """1512.03385 §4.2 with option A, from its names in pytorch_resnet_cifar10."""

    def conv_norm(x, conv, norm, stride=1):
        x = F.conv2d(x, tensors[f"{conv}.weight"], stride=stride, padding=1)
        parts = (tensors[f"{norm}.{part}"] for part in ("running_mean", "running_var"))
        scale, offset = tensors[f"{norm}.weight"], tensors[f"{norm}.bias"]
        return F.batch_norm(x, *parts, scale, offset, eps=1e-5)

    x = F.relu(conv_norm(image, "conv1", "bn1"))
    for stage in (1, 2, 3):
        for block in range(num_blocks):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            shortcut = x
            if stride == 2:
                extra = x.shape[1] // 2
                shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, extra, extra))
            y = F.relu(conv_norm(x, f"{name}.conv1", f"{name}.bn1", stride))
            x = F.relu(shortcut + conv_norm(y, f"{name}.conv2", f"{name}.bn2"))
    return F.linear(x.mean((2, 3)), tensors["linear.weight"], tensors["linear.bias"])


@pytest.mark.parametrize("depth, right", [(20, 915), pytest.param(56, 926, marks=pytest.mark.slow)])
def test_cifar_resnets_label_as_their_reference_does(depth, right):
    pixels, labels = cifar10_test()
    tensors = safetensors.numpy.load_file(weight_file(f"cifar_resnet{depth}.safetensors"))
    model = build(f"resnet{depth}", preprocessing=AKAMASTER)
    source = f"cifar_resnet{depth}"
    load_into(model, converted(model, tensors, resnet_cifar.MAPS, source=source).tensors)
    found = model.predict(pixels, batch_size=100, verbose=0)
    mean, deviation = (torch.tensor(AKAMASTER[key]) for key in ("mean", "deviation"))
    scaled = ((torch.tensor(pixels) / 255 - mean) / deviation).permute(0, 3, 1, 2)
    theirs = {name: torch.tensor(tensor) for name, tensor in tensors.items()}
    with torch.no_grad():
        expected = resnet_torch(scaled, theirs, num_blocks=(depth - 2) // 6).numpy()
    same = int((found.argmax(1) == expected.argmax(1)).sum())
    print(f"resnet{depth}: {same} of 1,000 labels agree, {(found.argmax(1) == labels).sum()} right")
    assert same >= 999
    assert (found.argmax(1) == labels).sum() == right
    assert float(np.abs(found - expected).max()) < 1e-3
