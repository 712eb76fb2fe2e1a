"""fastText's bag of words and word pairs (1607.01759): the mean of their vectors, under a linear head.

Input ids (B, T) of any T, 0 is padding -> {"pooled": (B, D)}. A run of words has a vector by its hash,
so that the tokenizer knows words alone. Departures from the program of fastText: a run is hashed from
the ids of its words instead of their letters, no sign ends a text, the softmax is not hierarchical.
"""

import keras

from zoo.layers.hashed_ngrams import HashedNgrams
from zoo.layers.masked_mean import MaskedMean
from zoo.layers.masking import PaddingMask


def fasttext(
    *,
    vocabulary_size: int = 20_000,
    num_buckets: int = 100_000,
    longest_ngram: int = 2,
    embedding_dim: int = 10,
    embedding_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; width and pairs of words are those of the paper (§3.1).

    Args:
        vocabulary_size: ids that there are, padding included.
        num_buckets: vectors for runs of words, >= 1; runs with the same hash share one.
        longest_ngram: words of the longest runs, >= 1; 1 is a bag of words alone.
        embedding_dim: of each vector.
        embedding_dropout_rate: of the vectors' elements, [0, 1).

    Returns:
        Model from int32 (B, T) to {"pooled": (B, embedding_dim)}.

    Raises:
        ArgumentError: `num_buckets` or `longest_ngram` is below 1.

    >>> fasttext(vocabulary_size=9, num_buckets=7).output["pooled"].shape
    (None, 10)
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    runs = HashedNgrams(vocabulary_size, num_buckets, longest=longest_ngram, name="ngrams")
    features = runs(ids)  # (B, longest · T)
    mask = PaddingMask(name="mask")(features)
    # All start within 1 / D of zero, as in fastText's program.
    start = keras.initializers.RandomUniform(-1 / embedding_dim, 1 / embedding_dim)
    rows = vocabulary_size + (num_buckets if longest_ngram > 1 else 0)
    x = keras.layers.Embedding(rows, embedding_dim, start, name="embedding")(features)
    if embedding_dropout_rate:
        x = keras.layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    pooled = MaskedMean(name="pooled")(x, mask)  # (B, D)
    return keras.Model(ids, {"pooled": pooled}, name="backbone")
