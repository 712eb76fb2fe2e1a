"""Compact convolutional transformers against PyTorch, after the paper and its authors' code."""

import itertools

import pytest

from tests.parity.timm_models import (
    CLASSES,
    assert_close,
    image_batch,
    ours_with_numbers_of,
    randomized,
    torch,
)

nn, functional = torch.nn, torch.nn.functional


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        parts = self.qkv(x).chunk(3, dim=-1)
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.proj(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, inner):
        super().__init__()
        self.pre_norm, self.norm1 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.self_attn = Attention(width, heads)
        self.linear1, self.linear2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x):
        x = self.norm1(x + self.self_attn(self.pre_norm(x)))
        return x + self.linear2(functional.gelu(self.linear1(x)))


class Reference(nn.Module):
    """CCT-layers/kernel×convolutions."""

    def __init__(self, layers, kernel, convolutions, *, heads, width, ratio, tokens, channels):
        super().__init__()
        widths = [channels, *[64] * (convolutions - 1), width]
        self.tokenizer, self.classifier = nn.Module(), nn.Module()
        self.tokenizer.conv_layers = nn.Sequential(*(
            nn.Sequential(
                nn.Conv2d(
                    before, after, kernel,
                    stride=max(1, kernel // 2 - 1), padding=kernel // 2, bias=False,
                ),
                nn.ReLU(),
                nn.MaxPool2d(3, 2, 1),
            )
            for before, after in itertools.pairwise(widths)
        ))  # fmt: skip
        self.classifier.positional_emb = nn.Parameter(torch.zeros(1, tokens, width))
        blocks = [Block(width, heads, ratio * width) for _ in range(layers)]
        self.classifier.blocks = nn.ModuleList(blocks)
        self.classifier.norm = nn.LayerNorm(width)
        self.classifier.attention_pool = nn.Linear(width, 1)
        self.classifier.fc = nn.Linear(width, CLASSES)

    def forward(self, image):
        parts = self.classifier
        x = self.tokenizer.conv_layers(image).flatten(2).transpose(1, 2) + parts.positional_emb
        for block in parts.blocks:
            x = block(x)
        x = parts.norm(x)
        weights = parts.attention_pool(x).softmax(dim=1)
        return x, parts.fc((weights * x).sum(dim=1))


def check_cct(name, reference, *, size, channels=3):
    network = randomized(reference)
    shape = (*((size, size) if isinstance(size, int) else size), channels)
    model = ours_with_numbers_of(name, network, input_shape=shape, num_classes=CLASSES)
    image = image_batch(size, channels)
    with torch.no_grad():
        tokens, logits = network(torch.tensor(image.transpose(0, 3, 1, 2)))
    assert_close(model(image), logits, what=name)
    assert_close(model.get_layer("backbone")(image)["tokens"], tokens, what=f"{name} tokens")


def test_equals_pytorch():
    sizes = {"heads": 4, "width": 256, "ratio": 2}
    check_cct("cct_7_3x1", Reference(7, 3, 1, tokens=256, channels=3, **sizes), size=32)


def test_odd_size_and_one_channel_equal_pytorch():
    sizes = {"heads": 2, "width": 128, "ratio": 1}
    reference = Reference(2, 3, 2, tokens=7 * 6, channels=1, **sizes)
    check_cct("cct_2_3x2", reference, size=(28, 23), channels=1)


@pytest.mark.slow
def test_large_equals_pytorch():
    sizes = {"heads": 6, "width": 384, "ratio": 3}
    check_cct("cct_14_7x2", Reference(14, 7, 2, tokens=16, channels=3, **sizes), size=64)
