"""MaxViTs against timm's."""

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

NAMES = ("maxvit_tiny_tf", "maxvit_tiny_tf_224")
SHORT = (1, 1, 2, 1)  # depths


def test_equals_timm():
    check_against_timm(
        NAMES[0], timm_name=NAMES[1], size=(64, 96), channels=1, img_size=(64, 96),
        ours={"depths": SHORT}, depths=SHORT,
    )  # fmt: skip


@pytest.mark.slow
def test_whole_equals_timm():
    check_against_timm(NAMES[0], timm_name=NAMES[1], size=96, img_size=96)


def test_resized_biases_equal_timm():
    timm = import_timm()
    from timm.models.maxxvit import checkpoint_filter_fn

    theirs = {"num_classes": CLASSES, "pretrained": False, "depths": SHORT}
    network = randomized(timm.create_model(NAMES[1], img_size=128, **theirs))
    other = timm.create_model(NAMES[1], img_size=96, **theirs)
    other.load_state_dict(checkpoint_filter_fn(network.state_dict(), other))
    ours = {"input_shape": (96, 96, 3), "num_classes": CLASSES, "depths": SHORT}
    model = ours_with_numbers_of(NAMES[0], network, **ours)
    image = image_batch(96)
    with torch.no_grad():
        taken = torch.tensor(image.transpose(0, 3, 1, 2))
        assert_close(model(image), other.eval()(taken), what="logits at 96")
