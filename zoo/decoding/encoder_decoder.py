"""Write about an input token by token: the encoder runs once, keys and values are kept.

The likeliest token at each place (`greedy`), or the likeliest text of several that are written side by
side (`beam_search`).

Axes: B inputs, K texts about each (beams), T tokens, V vocabulary, H heads, S places of the encoder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import keras
import numpy as np
from keras import ops

from zoo.decoding.compiled import compiled
from zoo.layers.attention import KeyValueCache
from zoo.layers.cross_attention import CrossAttention

CROSS = "_cross"  # end of the names of the decoder's layers that look at the encoder

# From the logits (V,) behind a text and its ids to logits in which what may not follow is -inf.
Rule = Callable[[np.ndarray, Sequence[int]], np.ndarray]


@dataclass
class Writing:
    """A text that is being written about each of B inputs, or K texts about each.

    Nothing in it is changed in place: a copy goes on from where the original was when it was made.

    Attributes:
        memory: keys and values of the encoder's output, by layer, (B, H, S, D / H) each.
        position: tokens that were given so far.
        arrays: keys and values of these, as of `KeyValueCache`; B K of them, those of an input in a row.
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

        def branch(ids, position, memory, arrays, rows):
            taken = {
                name: tuple(ops.take(one, rows, axis=0) for one in both)
                for name, both in arrays.items()
            }
            return step(ids, position, memory, taken)

        # On a CPU of two cores XLA takes a fifth off the encoder of Whisper base: benchmarks/whisper.md.
        self._prepare, self._encode = compiled(prepare), compiled(encoder, xla=True)
        self._step, self._branch = compiled(step), compiled(branch)

    def begin(self, x: Any) -> Writing:
        """Run the encoder on inputs (B, …); nothing is written yet."""
        return Writing(self._encode(self._prepare(ops.convert_to_tensor(x))), 0, {})

    def write(
        self, writing: Writing, ids: np.ndarray, rows: np.ndarray | None = None
    ) -> np.ndarray:
        """Give the next tokens (B, T) and return the logits after each, float32 (B, T, V).

        Args:
            writing: goes on by T tokens.
            ids: the tokens; (B K, T) of several texts about each input.
            rows: the text of those so far that each row of `ids` continues, (B K,); None continues
                each. Texts of one input stay in a row, and all inputs have as many.

        Raises:
            ValueError: the text would be longer than `length`.
        """
        ids = np.asarray(ids, "int32")
        if writing.position + ids.shape[1] > self.length:
            raise ValueError(f"a text has {self.length} tokens at most")
        given = [ops.convert_to_tensor(one, "int32") for one in (ids, writing.position)]
        given += [writing.memory, writing.arrays]
        if rows is None:
            logits, writing.arrays = self._step(*given)
        else:
            logits, writing.arrays = self._branch(*given, ops.convert_to_tensor(rows, "int32"))
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


@dataclass(frozen=True)
class Hypothesis:
    """A text that beam search found.

    Attributes:
        ids: of the text, without the end.
        log_probability: of all of them and the end, in nats.
    """

    ids: tuple[int, ...]
    log_probability: float

    @property
    def score(self) -> float:
        """What the text is chosen by: nats for each id, as in Whisper's code; the end counts as none."""
        return self.log_probability / max(len(self.ids), 1)


def beam_search(
    writer: Writer,
    writing: Writing,
    logits: np.ndarray,
    *,
    beam: int,
    end: int,
    rule: Rule | None = None,
    longest: int | None = None,
) -> list[list[Hypothesis]]:
    """Search for the likeliest texts that follow those begun, `beam` of them side by side.

    At each place the likeliest continuations of all beams go on, ranked by the log probability of the
    whole text. One that ends is set aside if fewer than `beam` of those that do not are likelier. A
    search is over when `beam` texts have ended; if the room is used up first, the likeliest of those
    that have not ended take the free places. These are the rules of Whisper's code, whose patience is 1.

    Args:
        writer: of the model.
        writing: one text begun about each of B inputs.
        logits: after it, (B, V).
        beam: K; 1 finds what is found greedily.
        end: id that ends a text.
        rule: what may follow; None allows all.
        longest: ids that a text has at most, the end aside; None for what the writer has room for.

    Returns:
        For each input K texts at most, the highest score first.
    """
    room = writer.length - writing.position + 1  # the last id is not given to the model
    room = room if longest is None else min(room, longest)
    searches = [_Beams(beam, end, rule) for _ in logits]
    for written in range(1, room + 1):
        count = len(logits) // len(searches)  # 1 at the start, then K
        rows = np.repeat(np.arange(len(searches)) * count, beam)
        tokens = np.full(len(rows), end, "int32")  # where the search is over, they do not matter
        for i, search in enumerate(searches):
            if not search.is_over:
                own = slice(i * beam, (i + 1) * beam)
                kept, tokens[own] = search.extend(logits[i * count : (i + 1) * count])
                rows[own] += kept
        if written == room or all(search.is_over for search in searches):
            break
        logits = writer.write(writing, tokens[:, None], rows)[:, 0]
    return [search.best() for search in searches]


@final
class _Beams:
    """The beams of one input; arguments as of `beam_search`."""

    def __init__(self, beam: int, end: int, rule: Rule | None):
        self.beam, self.end, self.rule = beam, end, rule
        self.texts: list[tuple[int, ...]] = [()]
        self.sums = np.zeros(1)  # nats; -inf for a beam that only fills its place
        self.ended: list[Hypothesis] = []

    @property
    def is_over(self) -> bool:
        return len(self.ended) >= self.beam

    def extend(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Choose from the logits (k, V) behind each beam: the beams that go on, and their ids, (K,)."""
        logits = np.asarray(logits, "float64")
        if self.rule is not None:
            both = zip(logits, self.texts, strict=True)
            logits = np.stack([self.rule(row, text) for row, text in both])
        sums = self.sums[:, None] + log_probabilities(logits)  # (k, V)
        kept: list[tuple[int, int]] = []
        ended = []
        for place in largest(
            sums.ravel(), 2 * self.beam
        ):  # a beam has one end: K others are among them
            row, token = divmod(int(place), sums.shape[1])
            if token != self.end:
                kept.append((row, token))
            elif np.isfinite(sums[row, token]):
                ended.append(Hypothesis(self.texts[row], float(sums[row, token])))
            if len(kept) == self.beam:
                break
        self.ended += ended[: self.beam - len(self.ended)]
        spare = self.beam - len(kept)  # of a vocabulary smaller than 2 K
        self.sums = np.array([sums[one] for one in kept] + [-np.inf] * spare)
        kept += [(0, self.end)] * spare
        self.texts = [(*self.texts[row], token) for row, token in kept]
        rows, tokens = np.array(kept).T
        return rows, tokens

    def best(self) -> list[Hypothesis]:
        """Return the texts, the highest score first."""
        both = zip(self.texts, self.sums, strict=True)
        going = [Hypothesis(text, float(total)) for text, total in both if np.isfinite(total)]
        going.sort(key=lambda one: -one.log_probability)
        found = self.ended + going[: self.beam - len(self.ended)]
        return sorted(found, key=lambda one: -one.score)


def log_probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of the softmax over the last axis; rows of -inf stay.

    >>> log_probabilities(np.array([0.0, 0.0, -np.inf])).round(3)
    array([-0.693, -0.693,   -inf])
    """
    top = logits.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    total = np.exp(logits - top).sum(axis=-1, keepdims=True)
    return logits - top - np.log(np.where(total > 0, total, 1.0))


def largest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the places of the largest values (N,), the largest first, the first of equal ones first.

    >>> largest(np.array([3, 9, 3, 5]), 3)
    array([1, 3, 0])
    """
    places = np.arange(len(values))
    if count < len(values):
        least = np.partition(values, -count)[-count]
        places = np.flatnonzero(values >= least)
    return places[np.lexsort((places, -values[places]))][:count]
