"""EfficientFormers against timm's, which takes images of 224 pixels alone."""

import pytest

from tests.parity.timm_models import (
    CLASSES,
    assert_close,
    image_batch,
    import_timm,
    ours_with_numbers_of,
    randomized,
    torch,
)


def check_efficientformer(name, *, channels=3, ours=None, **theirs):
    """Compare logits and the output of every stage, the last one normalized."""
    timm = import_timm()
    theirs = {"num_classes": CLASSES, "in_chans": channels, **theirs}
    network = randomized(timm.create_model(name, pretrained=False, **theirs))
    arguments = {"input_shape": (224, 224, channels), "num_classes": CLASSES, **(ours or {})}
    model = ours_with_numbers_of(name, network, **arguments)
    image = image_batch(224, channels, count=1)
    with torch.no_grad():
        taken = torch.tensor(image.transpose(0, 3, 1, 2))
        assert_close(model(image), network(taken), what=f"{name} logits")
        expected = network.forward_intermediates(taken, norm=True, intermediates_only=True)
    found = model.get_layer("backbone")(image)
    for (key, value), tensor in zip(found.items(), expected, strict=True):
        assert_close(value, tensor.numpy().transpose(0, 2, 3, 1), what=f"{name} {key}")


def test_equals_timm():
    check_efficientformer("efficientformer_l1")


def test_attention_throughout_a_stage_and_one_channel_equal_timm():
    short = {"depths": (1, 1, 1, 2)}
    ours = {**short, "num_attention": 2}
    check_efficientformer("efficientformer_l1", channels=1, ours=ours, num_vit=2, **short)


@pytest.mark.slow
def test_large_equals_timm():
    check_efficientformer("efficientformer_l3")
