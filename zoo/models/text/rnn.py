"""Bidirectional recurrent networks over word embeddings: LSTM and GRU.

Input ids (B, T) of any T, 0 is padding -> {"tokens": (B, T, D), "pooled": (B, D)}, D = 2 · hidden_dim.
"pooled" is the maximum over time of the last layer's states, padding left out (BiLSTM-max, 1705.02364
§3.2.2), in which every word reaches the head in one step; the last states alone forget the middle.
"""

import keras

from zoo.layers.masked_max import MaskedMax
from zoo.layers.masking import PaddingMask

CELLS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def rnn(
    *,
    cell: str = "lstm",
    vocabulary_size: int = 20_000,
    embedding_dim: int = 128,
    hidden_dim: int = 128,
    num_layers: int = 1,
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        cell: "lstm" (Hochreiter, Schmidhuber 1997; forget gates start open) or "gru" (1406.1078,
            reset after the product).
        vocabulary_size: ids that there are, padding included.
        embedding_dim: of each id's vector.
        hidden_dim: of the state in each direction.
        num_layers: one after another.
        embedding_dropout_rate: of the embeddings' elements, [0, 1).
        layer_dropout_rate: of each layer's outputs, [0, 1); on outputs only (1409.2329).

    Returns:
        Model from int32 (B, T) to {"tokens": (B, T, 2 · hidden_dim), "pooled": (B, 2 · hidden_dim)}.

    Raises:
        ValueError: there is no such cell.

    >>> rnn(vocabulary_size=9, embedding_dim=2, hidden_dim=3).output["pooled"].shape
    (None, 6)
    """
    if cell not in CELLS:
        raise ValueError(f"cell={cell!r} is not one of {', '.join(CELLS)}")
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = PaddingMask(name="mask")(ids)  # (B, T)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(ids)  # (B, T, D)
    if embedding_dropout_rate:
        x = keras.layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    for i in range(1, num_layers + 1):
        layer = CELLS[cell](hidden_dim, return_sequences=True, name=f"layer{i}")
        # The backward direction reads padding first and skips it because of the mask.
        x = keras.layers.Bidirectional(layer, name=f"both{i}")(x, mask=mask)  # (B, T, 2 · H)
        if layer_dropout_rate:
            x = keras.layers.Dropout(layer_dropout_rate, name=f"dropout{i}")(x)
    pooled = MaskedMax(name="pooled")(x, mask)  # (B, 2 · H)
    return keras.Model(ids, {"tokens": x, "pooled": pooled}, name="backbone")
