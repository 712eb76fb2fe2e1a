"""Names of Resemblyzer's speaker encoder: PyTorch's LSTM, whose gates have Keras' order (i, f, g, o)."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            "lstm.weight_ih_l{i}": "lstm{i+1}/kernel",
            "lstm.weight_hh_l{i}": "lstm{i+1}/recurrent_kernel",
            "lstm.bias_ih_l{i}": "lstm{i+1}/bias",
            "linear": "embedding",
        },
        ignored=(r"similarity_(weight|bias)",),  # of the loss that it was trained with
        summed={"lstm.bias_hh_l{i}": "lstm.bias_ih_l{i}"},
    ),
}
