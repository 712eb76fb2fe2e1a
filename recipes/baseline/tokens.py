"""The simple model of language: a token is as likely as it is frequent in train."""

import math
from typing import Any

import numpy as np

from recipes.runs.evaluate import BATCH_SIZE, predictions_of
from zoo.data.dataset import Dataset, Split
from zoo.data.pipeline import Encoded
from zoo.decoding.likelihood import at_the_end
from zoo.tasks.language_modeling import SEPARATOR, LanguageModeling
from zoo.tokenizers import PADDING_ID, SPECIAL, UNKNOWN_ID, PublishedTokenizer

NAME = "unigram"
TOLD = "frequencies of train, with one more of each token"
CODE_POINTS = 0x110000  # of Unicode


class Unigram:
    """What `predictions_of` asks of a task, with frequencies in place of a model.

    Args:
        assets: of a language model.
        dataset: whose train split is counted.
    """

    def __init__(self, assets: Any, dataset: Dataset):
        self.nats = unigram_nats(assets, dataset.splits["train"])
        self.padding_id = assets.x["ids"].loaded.padding_id

    def decode(self, model: None, x: Any, assets: Any) -> np.ndarray:
        """Return the cost of each token after the first, in nats, (B, T - 1); NaN for padding."""
        ids = np.asarray(x["ids"])
        return np.where(at_the_end(ids, self.padding_id), np.nan, self.nats[ids])[:, 1:]


def unigram_nats(assets: Any, train: Split) -> np.ndarray:
    """Return the negative log-likelihood of each id of the vocabulary, in nats, (V,).

    One is added to the count of each id. A character that the tokenizer does not know costs as much
    more as it does in `zoo.decoding.likelihood.token_nats`.
    """
    size, column = assets.sizes["vocabulary_size"], assets.x["ids"]
    ids = column.loaded.encode(SEPARATOR.join(train.columns[column.source]))
    counts = np.bincount(ids, minlength=size) + 1.0
    published = isinstance(column.loaded, PublishedTokenizer)  # with which 0 and 1 are tokens
    if not published:
        counts[PADDING_ID] = 0
    with np.errstate(divide="ignore"):
        nats = np.log(counts.sum()) - np.log(counts)
    if not published:
        nats[UNKNOWN_ID] += math.log(CODE_POINTS - (size - SPECIAL))
    return nats


def predicted(task: LanguageModeling, assets: Any, dataset: Dataset) -> tuple[Any, dict[str, Any]]:
    """Return the cost of each test token and the targets by name, for the task's `statistics`."""
    encoded = Encoded(dataset.splits["test"], task, assets)
    return predictions_of(None, Unigram(assets, dataset), assets, encoded, batch_size=BATCH_SIZE)


def of_characters(dataset: Dataset) -> tuple[LanguageModeling, Any]:
    """Return the task of predicting characters, and its assets, fitted on train."""
    task = LanguageModeling()
    train, features = dataset.splits["train"], dataset.features
    return task, task.fit(train, features=features, classes=dataset.classes)
