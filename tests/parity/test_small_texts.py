"""Small text networks against PyTorch's own layers, with the same numbers, text by text."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='pip install -e ".[parity]"')
F, nn = torch.nn.functional, torch.nn

from tests.parity.test_forward_torch import (  # noqa: E402 (torch decides whether it is read)
    CLASSES,
    WORDS,
    assert_same,
    dense,
    drawn_ids,
    randomized,
)
from zoo.composition import build  # noqa: E402

LENGTHS = (9, 4, 1)


def texts():
    """Return ids, padded, and each text alone without its padding."""
    ids = drawn_ids(*LENGTHS)
    return ids, [torch.tensor(row[:n]).long() for row, n in zip(ids, LENGTHS, strict=True)]


def bag(tensors):
    """PyTorch's mean of vectors with our table."""
    return nn.EmbeddingBag.from_pretrained(tensors["embedding/0.embeddings"], mode="mean")


def test_fasttext():
    model = build(
        "fasttext", num_classes=CLASSES, vocabulary_size=WORDS, num_buckets=40, embedding_dim=6
    )
    tensors, (ids, rows) = randomized(model), texts()
    means = []
    for row in rows:
        pairs = np.int64(row[:-1]) * 116_049_371 + np.int64(row[1:])
        wrapped = (pairs + 2**31) % 2**32 - 2**31  # to 32 bits
        runs = torch.tensor(WORDS + wrapped % 40).long()
        means.append(bag(tensors)(torch.cat([row, runs])[None])[0])
    assert_same(model(ids), dense(torch.stack(means), tensors, "head_logits"))


def test_dan():
    sizes = {"embedding_dim": 6, "hidden_dim": 7, "num_layers": 2}
    model = build("dan", num_classes=CLASSES, vocabulary_size=WORDS, **sizes)
    tensors, (ids, rows) = randomized(model), texts()
    x = torch.stack([bag(tensors)(row[None])[0] for row in rows])
    for layer in ("layer1", "layer2"):
        x = F.relu(dense(x, tensors, layer))
    assert_same(model(ids), dense(x, tensors, "head_logits"))


def convolved(x, tensors, name):
    """PyTorch's convolution of (1, D, T) with our numbers, zeros around it."""
    weight = tensors[f"{name}/0.kernel"].permute(2, 1, 0)  # (out, in, width)
    return F.conv1d(x, weight, tensors[f"{name}/1.bias"], padding=1)


def test_dpcnn():
    sizes = {"embedding_dim": 6, "num_filters": 7, "num_blocks": 3}
    model = build("dpcnn", num_classes=CLASSES, vocabulary_size=WORDS, **sizes)
    tensors, (ids, rows), pooled = randomized(model), texts(), []
    for row in rows:
        x = convolved(
            F.embedding(row, tensors["embedding/0.embeddings"]).T[None], tensors, "region"
        )
        for block in ("block1", "block2", "block3"):
            if block != "block1":
                x = nn.MaxPool1d(3, stride=2, ceil_mode=True)(F.pad(x, (0, 1), value=-1e9))
            y = convolved(F.relu(x), tensors, f"{block}_1_conv")
            x = x + convolved(F.relu(y), tensors, f"{block}_2_conv")
        pooled.append(x.amax(-1)[0])
    assert_same(model(ids), dense(torch.stack(pooled), tensors, "head_logits"))
