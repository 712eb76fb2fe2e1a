"""KWT against PyTorch, written here from 2104.00769, with the same random numbers."""

import numpy as np

from tests.parity.own_numbers import randomized
from tests.parity.timm_models import assert_close, torch

F = torch.nn.functional


def layer_norm(x, v, name):
    return F.layer_norm(x, x.shape[-1:], v[f"{name}.gamma"], v[f"{name}.beta"], eps=1e-6)


def kwt_torch(mel, v, *, num_layers, num_heads):
    """2104.00769 §3.1, normalized after each part."""
    x = mel @ v["embedding.kernel"] + v["embedding.bias"]
    token = v["class_token.token"].expand(len(x), 1, -1)
    x = torch.cat([token, x], 1) + v["positions.embeddings"]
    for block in range(1, num_layers + 1):
        name = f"block{block}"
        query, keys, values = (x @ v[f"{name}_qkv.kernel"]).chunk(3, -1)
        heads = [
            part.unflatten(-1, (num_heads, -1)).transpose(1, 2) for part in (query, keys, values)
        ]
        mixed = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        mixed = mixed @ v[f"{name}_project.kernel"] + v[f"{name}_project.bias"]
        x = layer_norm(x + mixed, v, f"{name}_1_norm")
        inner = F.gelu(x @ v[f"{name}_mlp_1.kernel"] + v[f"{name}_mlp_1.bias"])
        inner = inner @ v[f"{name}_mlp_2.kernel"] + v[f"{name}_mlp_2.bias"]
        x = layer_norm(x + inner, v, f"{name}_2_norm")
    return x[:, 0] @ v["head_logits.kernel"] + v["head_logits.bias"]


def test_kwt_equals_pytorch():
    sizes = {"num_layers": 2, "num_heads": 3}
    model, values = randomized("kwt3", input_shape=(3_360,), hidden_dim=24, **sizes)
    mel = np.random.default_rng(1).normal(size=(2, *model.input_shape[1:])).astype("float32")
    assert mel.shape[1:] == (19, 40)
    assert_close(model(mel), kwt_torch(torch.tensor(mel), values, **sizes), what="kwt")
