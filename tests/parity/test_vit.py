"""Vision transformers against timm's."""

import numpy as np
import pytest

from tests.parity.timm_models import (
    CLASSES,
    assert_close,
    check_against_timm,
    image_batch,
    import_timm,
    ours_with_numbers_of,
    randomized,
    torch,
)
from zoo.pretrained.conversion import placed
from zoo.pretrained.maps.vit import MAPS


def test_equals_timm():
    check_against_timm(
        "vit_tiny_patch16", timm_name="vit_tiny_patch16_224", img_size=64, features=False
    )


def test_cifar_equals_timm():
    theirs = {"patch_size": 4, "depth": 9, "num_heads": 12, "mlp_ratio": 2, "qkv_bias": False}
    check_against_timm(
        "vit_cifar_patch4",
        timm_name="vit_tiny_patch16_224",
        size=32, img_size=32, features=False, **theirs,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["vit_small_patch32", "vit_small_patch16", "vit_base_patch32", "vit_base_patch16",
     "deit_tiny_patch16", "deit_small_patch16", "deit_base_patch16"],
)  # fmt: skip
def test_large_equals_timm(name):
    check_against_timm(name, timm_name=f"{name}_224", img_size=64, features=False)


def test_layer_scale_and_one_channel_equal_timm():
    theirs = {"img_size": 42, "depth": 3}
    check_against_timm(
        "vit_small_patch14_dinov2",
        size=42, channels=1, features=False, ours={"num_layers": 3}, **theirs,
    )  # fmt: skip


@pytest.mark.parametrize("size", [(96, 80), (48, 32)])
def test_positions_resized_to_another_size_equal_timm(size):
    timm = import_timm()
    from timm.models.vision_transformer import checkpoint_filter_fn

    theirs = {"num_classes": CLASSES, "pretrained": False, "depth": 2}
    name, timm_name = "vit_tiny_patch16", "vit_tiny_patch16_224"
    network = randomized(timm.create_model(timm_name, img_size=64, **theirs))
    other = timm.create_model(timm_name, img_size=size, **theirs)
    other.load_state_dict(checkpoint_filter_fn(network.state_dict(), other))
    ours = {"input_shape": (*size, 3), "num_classes": CLASSES, "num_layers": 2}
    model = ours_with_numbers_of(name, network, **ours)
    image = image_batch(size)
    with torch.no_grad():
        taken = torch.tensor(image.transpose(0, 3, 1, 2))
        assert_close(model(image), other.eval()(taken), what=f"logits at {size}")
        tokens = other.forward_features(taken)
    features = model.get_layer("backbone")(image)
    assert_close(features["tokens"], tokens, what=f"tokens at {size}")
    assert_close(features["pooled"], tokens[:, 0], what=f"pooled at {size}")


def test_names_of_torchvision_have_places():
    from zoo.composition import build

    import_timm()
    model = build("vit_tiny_patch16", input_shape=(32, 32, 3), num_classes=5, num_layers=1)
    layer = "encoder.layers.encoder_layer_0"
    shapes = {
        "conv_proj.weight": (192, 3, 16, 16), "conv_proj.bias": (192,),
        "class_token": (1, 1, 192), "encoder.pos_embedding": (1, 5, 192),
        f"{layer}.ln_1.weight": (192,), f"{layer}.ln_1.bias": (192,),
        f"{layer}.self_attention.in_proj_weight": (576, 192),
        f"{layer}.self_attention.in_proj_bias": (576,),
        f"{layer}.self_attention.out_proj.weight": (192, 192),
        f"{layer}.self_attention.out_proj.bias": (192,),
        f"{layer}.ln_2.weight": (192,), f"{layer}.ln_2.bias": (192,),
        f"{layer}.mlp.0.weight": (768, 192), f"{layer}.mlp.0.bias": (768,),
        f"{layer}.mlp.3.weight": (192, 768), f"{layer}.mlp.3.bias": (192,),
        "encoder.ln.weight": (192,), "encoder.ln.bias": (192,),
        "heads.head.weight": (5, 192), "heads.head.bias": (5,),
    }  # fmt: skip
    tensors = {name: np.zeros(shape, "float32") for name, shape in shapes.items()}
    assert placed(model, tensors, MAPS["torch, torchvision's"]).faults == 0
