"""Forward passes equal those of independent implementations in PyTorch, with the same numbers.

Each network is written here from its paper, with PyTorch's own layers, and gets the tensors of ours
by hand. Texts go through PyTorch one by one and without padding where its layers take no mask, so
that ours must not be touched by padding either.
"""

import math
import zlib

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='pip install -e ".[parity]"')
F, nn = torch.nn.functional, torch.nn

from zoo.composition import build  # noqa: E402 (torch decides whether the file is read at all)
from zoo.weights import tensor_keys  # noqa: E402

LARGEST_DIFFERENCE = 1e-5
CLASSES, WORDS = 5, 23


def randomized(model):
    """Give every variable numbers that depend on its key alone; return them by key as tensors."""
    tensors = {}
    for key, variable in tensor_keys(model).items():
        generator = np.random.default_rng(zlib.crc32(key.encode()))
        fan_in = math.prod(variable.shape[:-1]) if len(variable.shape) > 1 else 1
        values = generator.normal(size=variable.shape) / math.sqrt(fan_in)
        if key.endswith(("gamma", "moving_variance")):
            values = generator.uniform(0.5, 1.5, variable.shape)
            if "embedding_norm" in key:
                values *= 0.1  # so small that the epsilon of the next norm is seen
        elif len(variable.shape) == 1:
            values *= 0.2
        variable.assign(values.astype("float32"))
        tensors[key.removeprefix("backbone/")] = torch.tensor(np.asarray(variable))
    return tensors


def assert_same(found, expected, *, least_spread=0.1):
    """Check that outputs are equal; they must vary, since constants would be equal anyway."""
    found, expected = np.asarray(found), expected.detach().numpy()
    assert found.shape == expected.shape and found.dtype == np.float32
    assert expected.std() > least_spread
    difference = float(np.abs(found - expected).max())
    print(f"largest difference: {difference:.1e}")  # pytest -rP shows it
    assert difference <= LARGEST_DIFFERENCE


def drawn_ids(*lengths):
    generator = np.random.default_rng(0)
    ids = np.zeros((len(lengths), max(lengths)), "int32")
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = generator.integers(1, WORDS, length)
    return ids


def dense(x, tensors, name):
    bias = tensors.get(f"{name}/1.bias")
    return F.linear(x, tensors[f"{name}/0.kernel"].T, bias)


def batch_norm(x, tensors, name, *, epsilon):
    parts = ("2.moving_mean", "3.moving_variance", "0.gamma", "1.beta")
    mean, variance, gamma, beta = (tensors[f"{name}/{part}"] for part in parts)
    return F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=epsilon)


def kernel(tensors, name):
    return tensors[f"{name}/0.kernel"].permute(3, 2, 0, 1)  # (H, W, in, out) -> (out, in, H, W)


# --- images


def resnet_torch(image, tensors, *, num_blocks):
    """1512.03385 §3.3, §4.2: basic blocks, option A."""

    def conv(x, name, stride=1):
        x = F.conv2d(x, kernel(tensors, f"{name}_conv"), stride=stride, padding=1)
        return batch_norm(x, tensors, f"{name}_norm", epsilon=1e-5)

    x = F.relu(conv(image, "stem"))
    for stage in (1, 2, 3):
        for block in range(1, num_blocks + 1):
            name, stride = f"stage{stage}_block{block}", 2 if stage > 1 and block == 1 else 1
            shortcut = x
            if stride == 2:
                half = x.shape[1] // 2  # as many channels again, half of them on each side
                shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half))
            y = F.relu(conv(x, f"{name}_1", stride))
            x = F.relu(shortcut + conv(y, f"{name}_2"))
    return dense(x.mean((2, 3)), tensors, "head_logits")


@pytest.mark.parametrize("size", [(12, 12), (11, 14)])
def test_resnet20(size):
    model = build("resnet20", input_shape=(*size, 3), num_classes=CLASSES)
    tensors = randomized(model)
    image = np.random.default_rng(0).integers(0, 256, (4, *size, 3)).astype("uint8")
    scaled = torch.tensor(image).permute(0, 3, 1, 2).float() / 127.5 - 1
    expected = resnet_torch(scaled, tensors, num_blocks=3)
    assert_same(model(image), expected)


# --- texts


def textcnn_torch(ids, tensors, *, widths):
    """1408.5882 §2, one text: zeros around it, a maximum over time for each filter."""
    x = F.embedding(ids, tensors["embedding/0.embeddings"]).T[None]  # (1, D, T)
    maxima = []
    for width in widths:
        weight = tensors[f"width{width}_conv/0.kernel"].permute(2, 1, 0)  # (out, in, width)
        bias = tensors[f"width{width}_conv/1.bias"]
        maxima.append(F.relu(F.conv1d(x, weight, bias, padding=width - 1)).amax(-1))
    return dense(torch.cat(maxima, -1)[0], tensors, "head_logits")


def test_textcnn():
    model = build(
        "textcnn", num_classes=CLASSES, vocabulary_size=WORDS, embedding_dim=6, num_filters=4
    )
    tensors, lengths = randomized(model), (9, 4, 1)
    ids = drawn_ids(*lengths)
    rows = [torch.tensor(row[:n]).long() for row, n in zip(ids, lengths, strict=True)]
    expected = torch.stack([textcnn_torch(row, tensors, widths=(3, 4, 5)) for row in rows])
    assert_same(model(ids), expected)


def lstm_torch(tensors, *, inputs, hidden_dim, num_layers):
    """PyTorch's own LSTM with our numbers: the gates are in the same order (input, forget, cell,
    output), and its second bias is zero."""
    lstm = nn.LSTM(inputs, hidden_dim, num_layers, batch_first=True, bidirectional=True)
    for layer in range(num_layers):
        for ending, first in (("", 0), ("_reverse", 3)):
            names = ("kernel", "recurrent_kernel", "bias")
            ours = [tensors[f"both{layer + 1}/{first + i}.{n}"] for i, n in enumerate(names)]
            parts = {"weight_ih": ours[0].T, "weight_hh": ours[1].T, "bias_ih": ours[2]}
            parts["bias_hh"] = torch.zeros_like(ours[2])
            for name, value in parts.items():
                getattr(lstm, f"{name}_l{layer}{ending}").data.copy_(value)
    return lstm


@pytest.mark.parametrize("num_layers", [1, 2])
def test_bilstm(num_layers):
    sizes = {"embedding_dim": 6, "hidden_dim": 5, "num_layers": num_layers}
    model = build("bilstm", num_classes=CLASSES, vocabulary_size=WORDS, **sizes)
    tensors, lengths = randomized(model), (9, 4, 1)
    lstm = lstm_torch(tensors, inputs=6, hidden_dim=5, num_layers=num_layers)
    ids, rows = drawn_ids(*lengths), []
    for row, length in zip(ids, lengths, strict=True):
        vectors = F.embedding(torch.tensor(row[:length]).long(), tensors["embedding/0.embeddings"])
        rows.append(lstm(vectors[None])[0].amax(1)[0])  # maximum over time
    expected = dense(torch.stack(rows), tensors, "head_logits")
    assert_same(model(ids), expected)


def encoder_layer_torch(tensors, name, *, width, num_heads):
    """PyTorch's own pre-norm layer with our numbers."""
    layer = nn.TransformerEncoderLayer(
        width, num_heads, 4 * width, activation="gelu", layer_norm_eps=1e-6,
        batch_first=True, norm_first=True,
    ).eval()  # fmt: skip
    attention = f"{name}_attention"
    projections = [tensors[f"{attention}/{2 * i}.kernel"].reshape(width, width).T for i in range(3)]
    biases = [tensors[f"{attention}/{2 * i + 1}.bias"].reshape(width) for i in range(3)]
    values = {
        layer.self_attn.in_proj_weight: torch.cat(projections),
        layer.self_attn.in_proj_bias: torch.cat(biases),
        layer.self_attn.out_proj.weight: tensors[f"{attention}/6.kernel"].reshape(width, width).T,
        layer.self_attn.out_proj.bias: tensors[f"{attention}/7.bias"],
    }
    for part, ours in ((layer.norm1, "attention_norm"), (layer.norm2, "mlp_norm")):
        values[part.weight] = tensors[f"{name}_{ours}/0.gamma"]
        values[part.bias] = tensors[f"{name}_{ours}/1.beta"]
    for part, ours in ((layer.linear1, "mlp_in"), (layer.linear2, "mlp_out")):
        values[part.weight] = tensors[f"{name}_{ours}/0.kernel"].T
        values[part.bias] = tensors[f"{name}_{ours}/1.bias"]
    for parameter, value in values.items():
        parameter.data.copy_(value)
    return layer


def test_transformer_encoder():
    width, num_heads = 8, 2
    model = build(
        "transformer_encoder_tiny", num_classes=CLASSES, vocabulary_size=WORDS, context_length=12,
        hidden_dim=width, num_heads=num_heads,
    )  # fmt: skip
    tensors, ids = randomized(model), drawn_ids(9, 4, 1)
    padding = torch.tensor(ids) == 0

    def norm(x, name):
        parts = tensors[f"{name}/0.gamma"], tensors[f"{name}/1.beta"]
        return F.layer_norm(x, (width,), *parts, eps=1e-6)

    x = F.embedding(torch.tensor(ids).long(), tensors["embedding/0.embeddings"])
    x = norm(x + tensors["positions/0.positions"][: ids.shape[1]], "embedding_norm")
    for i in (1, 2):
        layer = encoder_layer_torch(tensors, f"block{i}", width=width, num_heads=num_heads)
        x = layer(x, src_key_padding_mask=padding)
    kept = (~padding)[..., None].float()
    mean = (norm(x, "final_norm") * kept).sum(1) / kept.sum(1)
    assert_same(model(ids), dense(mean, tensors, "head_logits"))


def gpt_torch(ids, tensors, *, num_layers, num_heads):
    """Radford et al. 2019 §2.3 in nanoGPT's form, with PyTorch's own causal attention."""

    def norm(x, name):
        gamma, beta = tensors[f"{name}/0.gamma"], tensors.get(f"{name}/1.beta")
        return F.layer_norm(x, gamma.shape, gamma, beta, eps=1e-5)

    table = tensors["embedding/0.embeddings"]
    x = F.embedding(ids, table) + tensors["position_embedding/0.embeddings"][: ids.shape[1]]
    batch, length, width = x.shape
    for i in range(1, num_layers + 1):
        name = f"block{i}"
        qkv = dense(norm(x, f"{name}_attention_norm"), tensors, f"{name}_attention_in")
        query, keys, values = (
            part.view(batch, length, num_heads, -1).transpose(1, 2) for part in qkv.split(width, -1)
        )
        mixed = F.scaled_dot_product_attention(query, keys, values, is_causal=True)
        mixed = mixed.transpose(1, 2).reshape(batch, length, width)
        x = x + dense(mixed, tensors, f"{name}_attention_out")
        y = F.gelu(dense(norm(x, f"{name}_mlp_norm"), tensors, f"{name}_mlp_in"))
        x = x + dense(y, tensors, f"{name}_mlp_out")
    return norm(x, "final_norm") @ table.T


@pytest.mark.parametrize("use_bias", [False, True])
def test_gpt(use_bias):
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "context_length": 12}
    model = build("gpt_nano", num_classes=WORDS, use_bias=use_bias, **sizes)
    tensors, ids = randomized(model), drawn_ids(9, 9)
    expected = gpt_torch(torch.tensor(ids).long(), tensors, num_layers=2, num_heads=2)
    assert_same(model(ids), expected)


# --- sounds


def padded_same(x, sizes, strides):
    """Pad (B, C, H, W) as TensorFlow's "same" does: what is missing, the larger half behind."""
    missing = [
        max((math.ceil(n / s) - 1) * s + k - n, 0)
        for n, k, s in zip(x.shape[2:], sizes, strides, strict=True)
    ]
    (top, bottom), (left, right) = ((m // 2, m - m // 2) for m in missing)
    return F.pad(x, (left, right, top, bottom))


def ds_cnn_torch(mel, tensors, *, num_blocks, stem_strides, block_strides):
    """1711.07128 §3.2: a convolution, depthwise and pointwise convolutions, a mean over all."""

    def norm_act(x, name):
        return F.relu(batch_norm(x, tensors, f"{name}_norm", epsilon=1e-5))

    x = padded_same(mel[:, None], (10, 4), stem_strides)  # (B, 1, T, M)
    x = F.conv2d(x, kernel(tensors, "stem_conv"), tensors["stem_conv/1.bias"], stride=stem_strides)
    x = norm_act(x, "stem")
    for i in range(1, num_blocks + 1):
        name, strides = f"block{i}", block_strides if i == 1 else (1, 1)
        depthwise = tensors[f"{name}_depthwise/0.kernel"].permute(2, 3, 0, 1)  # (C, 1, 3, 3)
        bias = tensors[f"{name}_depthwise/1.bias"]
        x = padded_same(x, (3, 3), strides)
        x = F.conv2d(x, depthwise, bias, stride=strides, groups=len(depthwise))
        x = norm_act(x, f"{name}_1")
        x = F.conv2d(x, kernel(tensors, f"{name}_pointwise"), tensors[f"{name}_pointwise/1.bias"])
        x = norm_act(x, f"{name}_2")
    return dense(x.mean((2, 3)), tensors, "head_logits")


@pytest.mark.parametrize(
    "name, strides", [("ds_cnn_s", ((2, 2), (1, 1))), ("ds_cnn_m", ((2, 1), (2, 2)))]
)
def test_ds_cnn(name, strides):
    model = build(name, num_classes=CLASSES, preprocessing=False, width=8)
    tensors = randomized(model)
    mel = np.random.default_rng(0).normal(size=(3, 49, 10)).astype("float32")
    expected = ds_cnn_torch(
        torch.tensor(mel), tensors, num_blocks=4, stem_strides=strides[0], block_strides=strides[1]
    )
    assert_same(model(mel), expected, least_spread=0.02)
