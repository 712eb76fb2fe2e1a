"""Grad-CAM and Grad-CAM++ of ResNet-20 against PyTorch, written from 1610.02391 and 1710.11063."""

import numpy as np
import pytest

import zoo
from recipes.runs.run import load_run

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
functional = torch.nn.functional
IMAGES = np.random.default_rng(3).integers(0, 256, (3, 28, 28, 1), "uint8")


def tensor(numbers):
    return torch.tensor(np.asarray(numbers))


def conv_norm(x, backbone, name, *, stride=1):
    kernel = tensor(backbone.get_layer(f"{name}_conv").kernel).permute(3, 2, 0, 1)
    norm = backbone.get_layer(f"{name}_norm")
    statistics = (norm.moving_mean, norm.moving_variance, norm.gamma, norm.beta)
    x = functional.conv2d(x, kernel, stride=stride, padding=1)
    return functional.batch_norm(x, *map(tensor, statistics), eps=norm.epsilon)


def last_maps(x, backbone):
    """Return the maps of ResNet-20's last block, (B, 64, H/4, W/4)."""
    x = functional.relu(conv_norm(x, backbone, "stem"))
    for stage in (1, 2, 3):
        for block in (1, 2, 3):
            name, stride = f"stage{stage}_block{block}", 2 if stage > 1 and block == 1 else 1
            y = functional.relu(conv_norm(x, backbone, f"{name}_1", stride=stride))
            y = conv_norm(y, backbone, f"{name}_2")
            side = (y.shape[1] - x.shape[1]) // 2
            x = functional.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, side, side))
            x = functional.relu(x + y)
    return x


def in_pytorch(run, image, label, method):
    """Return the map of one image, grown to its size."""
    model = run.model
    scaled = model.get_layer("preprocessing")(image[None].astype("float32"))
    with torch.no_grad():
        maps = last_maps(tensor(scaled).permute(0, 3, 1, 2), model.get_layer("backbone"))
    maps.requires_grad_()
    head = model.get_layer("head_logits")
    score = (maps.mean(dim=(2, 3)) @ tensor(head.kernel) + tensor(head.bias))[0, label]
    (gradient,) = torch.autograd.grad(score, maps)
    if method == "grad_cam":
        weights = gradient.mean(dim=(2, 3), keepdim=True)
    else:
        # The derivatives of exp(S): for S linear in the maps, the n-th is exp(S) gⁿ (eq. 19).
        scale = score.exp().detach()
        first, second, third = (scale * gradient**power for power in (1, 2, 3))
        below = 2 * second + (maps * third).sum(dim=(2, 3), keepdim=True)
        alpha = torch.where(below != 0, second / below, torch.zeros_like(below))
        weights = (alpha * functional.relu(first)).sum(dim=(2, 3), keepdim=True) / scale
    small = functional.relu((weights * maps).sum(dim=1, keepdim=True))
    grown = functional.interpolate(small, image.shape[:2], mode="bilinear", align_corners=False)
    return grown[0, 0].detach().numpy()


@pytest.mark.parametrize("method", ["grad_cam", "grad_cam_plus_plus"])
def test_equals_pytorch(method):
    run = load_run("resnet20.fashion_mnist")
    for image, found in zip(IMAGES, zoo.explain(run, IMAGES, method=method), strict=True):
        expected = in_pytorch(run, image, run.assets.classes.index(found.label), method)
        assert expected.max() > 0
        np.testing.assert_allclose(found.attribution, expected, atol=1e-4 * expected.max())
