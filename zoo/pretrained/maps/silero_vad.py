"""Names of Silero's network in its safetensors file; the gates of the LSTM have Keras' order."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            "stft_conv": "transform",
            "conv{i}": "conv{i}",
            "lstm_cell.weight_ih": "lstm/kernel",
            "lstm_cell.weight_hh": "lstm/recurrent_kernel",
            "lstm_cell.bias_ih": "lstm/bias",
            "final_conv": "speech",
        },
        summed={"lstm_cell.bias_hh": "lstm_cell.bias_ih"},
    ),
}
