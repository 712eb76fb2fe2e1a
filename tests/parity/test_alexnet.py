"""AlexNet against one in PyTorch, written from the paper with torchvision's names."""

import pytest

from tests.parity.timm_models import (
    assert_close,
    image_batch,
    ours_with_numbers_of,
    randomized,
    torch,
)

nn = torch.nn


class AlexNet(nn.Module):
    """1404.5997 footnote 1: 64, 192, 384, 256, 256 filters, no response normalization."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
            nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Dropout(), nn.Linear(256 * 6 * 6, hidden), nn.ReLU(),
            nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 10),
        )  # fmt: skip

    def forward(self, x):
        x = nn.functional.adaptive_avg_pool2d(self.features(x), 6)
        return self.classifier(x.flatten(1))


@pytest.mark.parametrize(("size", "channels"), [((224, 224), 3), ((101, 260), 1)])
def test_equals_pytorch(size, channels):
    network = randomized(AlexNet(channels, 64))
    model = ours_with_numbers_of(
        "alexnet", network, input_shape=(*size, channels), num_classes=10, hidden_dim=64
    )
    image = image_batch(size, channels)
    with torch.no_grad():
        taken = torch.tensor(image.transpose(0, 3, 1, 2))
        logits, expected = network(taken), network.features(taken)
    assert_close(model(image), logits, what="alexnet")
    features = model.get_layer("backbone")(image)
    assert_close(features["stride_32"], expected.numpy().transpose(0, 2, 3, 1), what="stride_32")
