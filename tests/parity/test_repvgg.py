"""RepVGG against timm's, in both forms."""

import pytest

from tests.parity.timm_models import (
    assert_close,
    check_against_timm,
    image_batch,
    import_timm,
    ours_with_numbers_of,
    randomized,
    torch,
)


@pytest.mark.slow
def test_equals_timm():
    check_against_timm("repvgg_a0", channels=1)


def test_fused_form_equals_timm():
    timm = import_timm()
    network = randomized(timm.create_model("repvgg_a0", num_classes=10))
    image = image_batch((64, 75))
    taken = torch.tensor(image.transpose(0, 3, 1, 2))
    with torch.no_grad():
        expected = network(taken)
        trained = ours_with_numbers_of(
            "repvgg_a0", network, input_shape=(64, 75, 3), num_classes=10
        )
        assert_close(trained(image), expected, what="repvgg_a0")
        for module in network.modules():
            if hasattr(module, "reparameterize"):
                module.reparameterize()
    plain = ours_with_numbers_of(
        "repvgg_a0", network, input_shape=(64, 75, 3), num_classes=10, fused=True
    )
    assert_close(plain(image), expected, what="repvgg_a0 fused")
