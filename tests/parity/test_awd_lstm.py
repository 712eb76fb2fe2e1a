"""AWD-LSTM against PyTorch's own LSTM with the same numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='pip install -e ".[parity]"')
F, nn = torch.nn.functional, torch.nn

from tests.parity.test_forward_torch import (  # noqa: E402 (torch decides whether it is read)
    WORDS,
    assert_same,
    randomized,
)
from zoo.composition import build  # noqa: E402


def layer_torch(tensors, name, *, inputs, width):
    """PyTorch's LSTM, whose second bias is zero: the gates are in the same order as ours."""
    lstm = nn.LSTM(inputs, width, batch_first=True)
    values = {
        "weight_ih_l0": tensors[f"{name}/0.kernel"].T,
        "weight_hh_l0": tensors[f"{name}/1.recurrent_kernel"].T,
        "bias_ih_l0": tensors[f"{name}/2.bias"],
        "bias_hh_l0": torch.zeros(4 * width),
    }
    lstm.load_state_dict(values)
    return lstm


@pytest.mark.parametrize("num_layers", [1, 3])
def test_awd_lstm(num_layers):
    sizes = {"embedding_dim": 6, "hidden_dim": 9, "num_layers": num_layers}
    model = build("awd_lstm", num_classes=WORDS, **sizes)
    tensors = randomized(model)
    ids = np.random.default_rng(0).integers(0, WORDS, (3, 11)).astype("int32")
    table = tensors["embedding/0.embeddings"]
    x = F.embedding(torch.tensor(ids).long(), table)
    widths = [6, *[9] * (num_layers - 1), 6]
    for i in range(num_layers):
        lstm = layer_torch(tensors, f"layer{i + 1}", inputs=widths[i], width=widths[i + 1])
        x = lstm(x)[0]
    assert_same(model(ids), x @ table.T + tensors["logits/0.bias"])
