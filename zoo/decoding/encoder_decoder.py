"""Write about an input token by token: the encoder runs once, keys and values are kept.

Axes: B inputs, T tokens, V vocabulary, H heads, S places of the encoder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import keras
import numpy as np
from keras import ops

from zoo.decoding.compiled import compiled
from zoo.layers.attention import KeyValueCache
from zoo.layers.cross_attention import CrossAttention

CROSS = "_cross"  # end of the names of the decoder's layers that look at the encoder


@dataclass
class Writing:
    """A text that is being written about each of B inputs.

    Attributes:
        memory: keys and values of the encoder's output, by layer, (B, H, S, D / H) each.
        position: tokens that were given so far.
        arrays: keys and values of these, as of `KeyValueCache`.
    """

    memory: Mapping[str, tuple[Any, Any]]
    position: int
    arrays: Mapping[str, tuple[Any, Any]]


@final
class Writer:
    """The compiled parts of an encoder-decoder.

    Args:
        model: from {INPUT, "ids"} to logits (B, T, V); its backbone has `CrossAttention` layers whose
            names end with "_cross", and may follow layers that prepare the input.
        length: tokens that a text has at most, with those that are given first.
    """

    def __init__(self, model: keras.Model, *, length: int):
        self.length = length
        backbone = model.get_layer("backbone")
        (name,) = set(backbone.input) - {"ids"}
        known = (backbone, *(model.get_layer(key) for key in (name, "ids")))
        fronts = [layer for layer in model.layers if layer not in known]
        layers = [layer for layer in backbone.layers if isinstance(layer, CrossAttention)]
        memory = {one.name: tuple(one.input[1:]) for one in layers if one.name.endswith(CROSS)}
        encoder = keras.Function(backbone.input[name], memory)
        decoder = keras.Function([backbone.input["ids"], memory], backbone.output["logits"])

        def prepare(x):
            for layer in fronts:
                x = layer(x)
            return x

        def step(ids, position, memory, arrays):
            cache = KeyValueCache(position=position, length=length, arrays=arrays)
            with cache.used():
                logits = decoder([ids, memory])
            return logits, cache.arrays

        # On a CPU of two cores XLA takes a fifth off the encoder of Whisper base: benchmarks/whisper.md.
        self._prepare, self._encode = compiled(prepare), compiled(encoder, xla=True)
        self._step = compiled(step)

    def begin(self, x: Any) -> Writing:
        """Run the encoder on inputs (B, …); nothing is written yet."""
        return Writing(self._encode(self._prepare(ops.convert_to_tensor(x))), 0, {})

    def write(self, writing: Writing, ids: np.ndarray) -> np.ndarray:
        """Give the next tokens (B, T) and return the logits after each, float32 (B, T, V).

        Raises:
            ValueError: the text would be longer than `length`.
        """
        ids = np.asarray(ids, "int32")
        if writing.position + ids.shape[1] > self.length:
            raise ValueError(f"a text has {self.length} tokens at most")
        given = (ops.convert_to_tensor(one, "int32") for one in (ids, writing.position))
        logits, writing.arrays = self._step(*given, writing.memory, writing.arrays)
        writing.position += ids.shape[1]
        return ops.convert_to_numpy(logits)


def greedy(writer: Writer, x: Any, ids: np.ndarray, *, end: int | None = None) -> list[np.ndarray]:
    """Return the most likely tokens after those given, for each input, up to the end or the length.

    Args:
        writer: of the model.
        x: inputs (B, …).
        ids: first tokens, (B, T).
        end: id that ends a text; it is not part of the result.

    Returns:
        int32 (N,) for each of the B inputs.
    """
    writing, tokens, rows = writer.begin(x), np.asarray(ids, "int32"), []
    ended = np.zeros(len(tokens), bool)
    while writing.position + tokens.shape[1] <= writer.length and not ended.all():
        chosen = writer.write(writing, tokens)[:, -1].argmax(axis=-1).astype("int32")
        ended |= chosen == end
        tokens = chosen[:, None]
        rows.append(chosen)
    columns = np.array(rows, "int32").reshape(-1, len(ended)).T
    return [row[: _before(row, end)] for row in columns]


def _before(row: np.ndarray, end: int | None) -> int:
    found = np.flatnonzero(row == end)
    return int(found[0]) if found.size else len(row)
