"""CoAtNets against timm's."""

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

FINAL = ("stride_32",)  # normalized here


def test_equals_timm():
    check_against_timm(
        "coatnet_nano_rw", timm_name="coatnet_nano_rw_224", but=FINAL, img_size=64
    )  # fmt: skip


def test_squeezing_first_and_one_channel_equal_timm():
    depths = (1, 2, 2, 1)
    check_against_timm(
        "coatnet_0_rw",
        timm_name="coatnet_0_rw_224",
        size=(64, 96), channels=1, but=FINAL, img_size=(64, 96),
        ours={"depths": depths}, depths=depths,
    )  # fmt: skip


@pytest.mark.slow
def test_large_equals_timm():
    check_against_timm("coatnet_0_rw", timm_name="coatnet_0_rw_224", but=FINAL, img_size=64)


def test_resized_biases_equal_timm():
    timm = import_timm()
    from timm.models.maxxvit import checkpoint_filter_fn

    depths, size = (1, 1, 2, 2), (64, 96)
    theirs = {"num_classes": CLASSES, "pretrained": False, "depths": depths}
    network = randomized(timm.create_model("coatnet_nano_rw_224", img_size=128, **theirs))
    other = timm.create_model("coatnet_nano_rw_224", img_size=size, **theirs)
    other.load_state_dict(checkpoint_filter_fn(network.state_dict(), other))
    ours = {"input_shape": (*size, 3), "num_classes": CLASSES, "depths": depths}
    model = ours_with_numbers_of("coatnet_nano_rw", network, **ours)
    image = image_batch(size)
    with torch.no_grad():
        taken = torch.tensor(image.transpose(0, 3, 1, 2))
        assert_close(model(image), other.eval()(taken), what=f"logits at {size}")
