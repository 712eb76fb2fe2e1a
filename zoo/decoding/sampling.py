"""Write a text token by token: greedy, or drawn at a temperature, with top-k (1805.04833 §5.1) and
top-p (1904.09751 §3.1), keys and values kept from step to step.

Axes: B texts, T tokens, V vocabulary, C context length.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.decoding.compiled import compiled
from zoo.errors import ArgumentError
from zoo.layers.attention import KeyValueCache

SLIDES = 4  # a full context moves on by a quarter: the fewer, the more tokens a prediction sees


def sample(
    model: keras.Model,
    ids: np.ndarray,
    *,
    max_tokens: int,
    context_length: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int = 1,
    forbidden: tuple[int, ...] = (),
    cached: bool = True,
) -> Iterator[np.ndarray]:
    """Yield the tokens that follow, one for each text at a time.

    When a text outgrows the context, the context moves on by a quarter of its length at once; see
    `window_start`. With or without the cache the model sees the same tokens.

    Args:
        model: of `CausalSelfAttention` and `PositionEmbedding` layers, from ids (B, T) to logits
            (B, T, V), or to a dictionary with "logits".
        ids: what is there already, (B, T) with T >= 1 and no padding.
        max_tokens: how many to yield.
        context_length: tokens that the model takes at most.
        temperature: logits are divided by it; 0 takes the most likely token.
        top_k: draw among the k most likely only.
        top_p: draw among the fewest tokens that together have this probability, (0, 1].
        seed: of the draws.
        forbidden: ids that are never yielded.
        cached: keep keys and values; False runs the model again on its whole context for each token.

    Yields:
        int32 (B,).

    Raises:
        ArgumentError: a value is out of range.
    """
    _check(max_tokens, temperature, top_k, top_p)
    generator = np.random.default_rng(seed)
    ids = np.asarray(ids, dtype="int32")
    reader = _Cached(model, context_length) if cached else _Uncached(model, context_length)
    for _ in range(max_tokens):
        logits = reader.logits_after(ids)
        logits[:, list(forbidden)] = -np.inf
        chosen = next_ids(
            logits, temperature=temperature, top_k=top_k, top_p=top_p, generator=generator
        )
        yield chosen
        ids = np.concatenate([ids, chosen[:, None]], axis=1)


def next_ids(
    logits: np.ndarray,
    *,
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    generator: np.random.Generator,
) -> np.ndarray:
    """Choose a token for each text; arguments as `sample`.

    Args:
        logits: (B, V); -inf is never chosen.
        generator: of the draws.

    Returns:
        int32 (B,).

    >>> logits = np.log([[0.1, 0.6, 0.3]])
    >>> next_ids(logits, temperature=0, top_k=None, top_p=None, generator=None)
    array([1], dtype=int32)
    """
    if temperature == 0:
        return logits.argmax(axis=-1).astype("int32")
    logits = np.asarray(logits, dtype="float64") / temperature
    order = np.argsort(-logits, axis=-1, kind="stable")  # the most likely first
    ranked = np.take_along_axis(logits, order, axis=-1)
    shares = np.exp(ranked - ranked[:, :1])
    if top_k is not None:
        shares[:, top_k:] = 0
    shares /= shares.sum(axis=-1, keepdims=True)
    totals = np.cumsum(shares, axis=-1)
    if top_p is not None:
        shares[totals - shares >= top_p] = 0  # kept is what is needed to reach top_p
        totals = np.cumsum(shares, axis=-1)
    draw = generator.uniform(size=(len(logits), 1)) * totals[:, -1:]  # [0, total)
    rank = (totals <= draw).sum(axis=-1, keepdims=True)
    rank = np.minimum(rank, (shares > 0).sum(axis=-1, keepdims=True) - 1)  # should a draw round up
    return np.take_along_axis(order, rank, axis=-1)[:, 0].astype("int32")


def window_start(tokens: int, *, context_length: int) -> int:
    """Return the first of the tokens that a model sees, of a text of `tokens` tokens.

    >>> [window_start(n, context_length=8) for n in (7, 8, 9, 10, 11)]
    [0, 0, 2, 2, 4]
    """
    hop = max(1, context_length // SLIDES)
    return -(-max(0, tokens - context_length) // hop) * hop


class _Uncached:
    def __init__(self, model: keras.Model, context_length: int):
        self.model, self.context_length = model, context_length

    def logits_after(self, ids: np.ndarray) -> np.ndarray:
        """Return the logits (B, V) of the token after `ids` (B, T)."""
        seen = ids[:, window_start(ids.shape[1], context_length=self.context_length) :]
        return np.array(ops.convert_to_numpy(_logits(self.model, seen)[:, -1]))


class _Cached:
    """Run the model on what is new since the last call.

    Two shapes are compiled: a whole context, padded, where the window moves, and one token.
    """

    def __init__(self, model: keras.Model, context_length: int):
        self.context_length = context_length
        self.arrays: dict[str, tuple[Any, Any]] = {}
        self.start = -1  # of the window in the arrays

        def run(ids, position, last, arrays):
            cache = KeyValueCache(position=position, length=context_length, arrays=arrays)
            with cache.used():
                logits = _logits(model, ids)
            return ops.take(logits, last, axis=1), cache.arrays

        self._run = compiled(run)

    def logits_after(self, ids: np.ndarray) -> np.ndarray:
        """Return the logits (B, V) of the token after `ids`, which only grows between calls."""
        start = window_start(ids.shape[1], context_length=self.context_length)
        if start != self.start:
            seen, self.start = ids[:, start:], start
            room = self.context_length - seen.shape[1]
            new, position, last, old = np.pad(seen, ((0, 0), (0, room))), 0, seen.shape[1] - 1, {}
        else:
            new, position, last, old = ids[:, -1:], ids.shape[1] - 1 - start, 0, self.arrays
        new, position, last = (
            ops.convert_to_tensor(value, dtype="int32") for value in (new, position, last)
        )
        logits, self.arrays = self._run(new, position, last, old)
        return np.array(ops.convert_to_numpy(logits))


def _logits(model: keras.Model, ids: Any) -> Any:
    outputs = model({"ids": ids} if isinstance(model.input, Mapping) else ids, training=False)
    return outputs["logits"] if isinstance(outputs, Mapping) else outputs


def _check(max_tokens: int, temperature: float, top_k: int | None, top_p: float | None) -> None:
    rules = (
        ("max_tokens", max_tokens, max_tokens >= 0, "0 or more"),
        ("temperature", temperature, 0 <= temperature <= 100, "0 (greedy) to 100"),
        ("top_k", top_k, top_k is None or top_k >= 1, "1 or more, or none"),
        ("top_p", top_p, top_p is None or 0 < top_p <= 1, "above 0, at most 1, or none"),
    )
    for name, value, fits, expected in rules:
        if not fits:
            raise ArgumentError(
                f"A text cannot be generated with {name}={value!r}.",
                expected=expected,
                fix=f"set {name} within that range",
            )
