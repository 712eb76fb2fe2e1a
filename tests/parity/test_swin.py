"""Swin Transformers against timm's."""

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

TINY = ("swin_tiny_patch4_window7", "swin_tiny_patch4_window7_224")


def check_swin(name, timm_name, *, size, trained_at=None, channels=3, ours=None, **theirs):
    """Compare logits and features of both, and, with `trained_at`, after a change of size."""
    timm = import_timm()
    from timm.models.swin_transformer import checkpoint_filter_fn

    theirs = {"num_classes": CLASSES, "in_chans": channels, "pretrained": False, **theirs}
    network = randomized(timm.create_model(timm_name, img_size=trained_at or size, **theirs))
    shape = (*((size, size) if isinstance(size, int) else size), channels)
    arguments = {"input_shape": shape, "num_classes": CLASSES, **(ours or {})}
    model = ours_with_numbers_of(name, network, **arguments)
    if trained_at:
        other = timm.create_model(timm_name, img_size=size, **theirs)
        other.load_state_dict(checkpoint_filter_fn(network.state_dict(), other))
        network = other.eval()
    image = image_batch(size, channels)
    with torch.no_grad():
        taken = torch.tensor(image.transpose(0, 3, 1, 2))
        assert_close(model(image), network(taken), what=f"{name} logits")
        last, features = network.forward_intermediates(taken)
    expected = [feature.numpy().transpose(0, 2, 3, 1) for feature in features[:-1]]
    expected.append(last)  # normalized, channels last
    found = model.get_layer("backbone")(image)
    for (key, value), theirs in zip(found.items(), expected, strict=True):
        assert_close(value, theirs, what=f"{name} {key}")


SHORT = {  # a quarter of the width, the first blocks
    "ours": {"depths": (2, 2, 2, 2), "hidden_dim": 24},
    "depths": (2, 2, 2, 2),
    "embed_dim": 24,
}


def test_equals_timm():
    check_swin(*TINY, size=128, **SHORT)


def test_filled_up_windows_odd_merges_and_one_channel_equal_timm():
    check_swin(*TINY, size=(100, 60), channels=1, **SHORT)


def test_resized_windows_equal_timm():
    check_swin(*TINY, size=64, trained_at=128, **SHORT)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["swin_tiny", "swin_small", "swin_base"])
def test_whole_equals_timm(name):
    name = f"{name}_patch4_window7"
    check_swin(name, f"{name}_224", size=128)
    check_against_timm(name, timm_name=f"{name}_224", size=64, img_size=64, features=False)
