"""Word n-gram models: interpolated Kneser-Ney smoothing, kept in the ARPA format.

How likely a word is after those before it, by counts (Kneser, Ney 1995; interpolated as in Chen and
Goodman 1999, §3, with one discount for each order).
"""

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from zoo.errors import ArgumentError, DataError

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
HIGHEST_ORDER = 6

_NEVER = -99.0  # log10 of the probability of a beginning, which nothing predicts
_FALLBACK_DISCOUNT = 0.5  # where the counts say nothing
Gram = tuple[str, ...]


class NgramModel:
    """Probabilities of words after up to `order` - 1 others.

    Args:
        log10: log10 of the probability of a word, the last of each n-gram, after those before it.
        backoffs: log10 of what a shorter context's probability is multiplied by, by context.

    >>> model = fit_ngrams(["go on", "go home"], order=2)
    >>> math.exp(model.log_probability(("<s>",), "go")) > 0.5
    True
    """

    def __init__(self, log10: Mapping[Gram, float], backoffs: Mapping[Gram, float]):
        self.log10, self.backoffs = dict(log10), dict(backoffs)
        self.order = max(map(len, self.log10))
        self.words = frozenset(gram[0] for gram in self.log10 if len(gram) == 1)

    def log_probability(self, history: Sequence[str], word: str) -> float:
        """Return the natural logarithm of the probability of `word` after `history`.

        Args:
            history: words before it, the nearest last; "<s>" stands for the beginning.
            word: "</s>" is the end. A word that is not known counts as "<unk>".
        """
        word = word if word in self.words else UNKNOWN
        known = [item if item in self.words else UNKNOWN for item in history]
        context = tuple(known[max(0, len(known) - self.order + 1) :])
        total = 0.0
        while context and (*context, word) not in self.log10:
            total += self.backoffs.get(context, 0.0)
            context = context[1:]
        return (total + self.log10[(*context, word)]) * math.log(10)

    def to_arpa(self) -> str:
        """Return the model as text in the ARPA format."""
        lines = ["\\data\\"]
        grams = [
            sorted(gram for gram in self.log10 if len(gram) == n) for n in range(1, self.order + 1)
        ]
        lines += [f"ngram {n}={len(found)}" for n, found in enumerate(grams, start=1)]
        for n, found in enumerate(grams, start=1):
            lines += ["", f"\\{n}-grams:"]
            for gram in found:
                parts = [f"{self.log10[gram]:.7g}", " ".join(gram)]
                if gram in self.backoffs:
                    parts.append(f"{self.backoffs[gram]:.7g}")
                lines.append("\t".join(parts))
        return "\n".join([*lines, "", "\\end\\", ""])


@functools.lru_cache(maxsize=4)
def read_arpa(text: str) -> NgramModel:
    """Return the model that a text in the ARPA format describes.

    Raises:
        DataError: a line is not of that format, or a word unigram is missing.
    """
    log10: dict[Gram, float] = {}
    backoffs: dict[Gram, float] = {}
    order = 0
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if line.startswith("\\"):
            head = line.strip("\\").removesuffix("-grams:")
            order = int(head) if head.isdigit() else 0
        elif line and order:
            probability, *words = line.split()
            try:
                gram = tuple(words[:order])
                log10[gram] = float(probability)
                if len(words) > order:
                    backoffs[gram] = float(words[order])
                if len(gram) < order or len(words) > order + 1:
                    raise ValueError("it has another number of words")
            except ValueError as error:
                raise DataError(
                    f"Line {number} of the language model cannot be read ({error}): {line!r:.60}.",
                    expected=f"a logarithm, {order} word(s), and maybe a weight",
                    fix="write it again in the ARPA format",
                ) from error
    missing = [word for word in (END, UNKNOWN) if (word,) not in log10]
    if missing:
        raise DataError(
            f"The language model has no probability of {missing[0]}.",
            expected=f"1-grams {END} and {UNKNOWN}",
            fix="write it again in the ARPA format, with an unknown word",
        )
    return NgramModel(log10, backoffs)


def fit_ngrams(sentences: Iterable[str], *, order: int = 3) -> NgramModel:
    """Fit a model to sentences, words parted by spaces.

    Args:
        sentences: at least one with a word.
        order: words of the longest n-grams, 1 to 6.

    Raises:
        ArgumentError: the order is out of range.
        DataError: there are no words.
    """
    if not isinstance(order, int) or isinstance(order, bool) or not 1 <= order <= HIGHEST_ORDER:
        raise ArgumentError(
            f"order={order!r} is not that of an n-gram model.",
            expected=f"1 to {HIGHEST_ORDER} words",
            fix="set it within that range; 3 is usual",
        )
    raw: Counter[Gram] = Counter()
    for sentence in sentences:
        words = (BEGIN, *sentence.split(), END)
        for n in range(1, order + 1):
            raw.update(words[i : i + n] for i in range(len(words) - n + 1))
    if all(gram[0] in (BEGIN, END) for gram in raw):
        raise DataError("There are no words to fit a language model to.", fix="give transcripts")
    log10: dict[Gram, float] = {}
    backoffs: dict[Gram, float] = {}
    for n in range(1, order + 1):
        _add_order(_counts(raw, n, highest=n == order), log10, backoffs)
    log10[(BEGIN,)] = _NEVER
    return NgramModel(log10, backoffs)


def _counts(raw: Mapping[Gram, int], n: int, *, highest: bool) -> dict[Gram, int]:
    """Return how often each n-gram occurs or, below the highest order, after how many words."""
    own = {gram: count for gram, count in raw.items() if len(gram) == n and gram != (BEGIN,)}
    if highest:
        return own
    before = Counter(gram[1:] for gram in raw if len(gram) == n + 1)
    # What begins a sentence has no word before it: its own count serves.
    return {gram: own[gram] if gram[0] == BEGIN else before[gram] for gram in own}


def _add_order(
    counts: Mapping[Gram, int], log10: dict[Gram, float], backoffs: dict[Gram, float]
) -> None:
    """Add the n-grams of one order to those of the lower ones, and the weights of their contexts."""
    discount = _discount(counts.values())
    totals: Counter[Gram] = Counter()
    followers: dict[Gram, int] = defaultdict(int)
    for gram, count in counts.items():
        totals[gram[:-1]] += count
        followers[gram[:-1]] += 1
    left = {context: discount * followers[context] / totals[context] for context in totals}
    if () in totals:  # words: what is left goes to all alike, the unknown one among them
        uniform = left[()] / (len(counts) + 1)
        log10[(UNKNOWN,)] = math.log10(uniform)
        for gram, count in counts.items():
            log10[gram] = math.log10((count - discount) / totals[()] + uniform)
        return
    lower = NgramModel(log10, backoffs)
    for gram, count in counts.items():
        context = gram[:-1]
        below = math.exp(lower.log_probability(context[1:], gram[-1]))
        share = (count - discount) / totals[context] + left[context] * below
        log10[gram] = math.log10(share)
    backoffs.update({context: math.log10(share) for context, share in left.items()})


def _discount(counts: Iterable[int]) -> float:
    """Return what every count loses: n1 / (n1 + 2 n2), of the n-grams that occur once and twice."""
    of = Counter(counts)
    if not of[1] or not of[2]:
        return _FALLBACK_DISCOUNT
    return of[1] / (of[1] + 2 * of[2])
