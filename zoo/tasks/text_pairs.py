"""What tasks on pairs of texts share: two columns of one tokenizer, and the two ways to read them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import keras

from zoo.columns import Column, Text
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.heads.classification import classification_head
from zoo.heads.inputs import keras_inputs
from zoo.heads.pairs import pair_head
from zoo.layers.joined_texts import JoinedTexts
from zoo.tasks.base import Front
from zoo.tasks.text_classification import TextClassification
from zoo.tokenizers import UNKNOWN_ID

if TYPE_CHECKING:
    from zoo.data.dataset import Split

FIRST, SECOND = "ids", "pair_ids"  # inputs of a model
COLUMNS = ("text", "pair")  # of the data, where it has these names
CROSS_ENCODER, TWO_TOWER = "cross_encoder", "two_tower"
ENCODERS = (CROSS_ENCODER, TWO_TOWER)
_SHORTEST_BUCKET, _FEWEST_TOKENS = 16, 6


@dataclass(frozen=True)
class TextPairs:
    """How two texts are read.

    Args:
        encoder: one of `ENCODERS`: both texts as one, or each by itself and then compared.
        reader: has the tokenizer and `max_tokens`: of both texts together, or of each.

    Raises:
        UnknownNameError: there is no such encoder.
        ArgumentError: `max_tokens` is too small for two texts.
    """

    encoder: str
    reader: TextClassification

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise unknown_name(
                "encoder", str(self.encoder), ENCODERS, fix="set task.arguments.encoder"
            )
        if self.reader.max_tokens < _FEWEST_TOKENS:
            raise ArgumentError(
                f"max_tokens={self.reader.max_tokens} is too few for two texts.",
                expected=f"{_FEWEST_TOKENS} or more",
                fix="set task.arguments.max_tokens",
            )

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        """Return the columns of both texts, with one tokenizer that was fitted on both."""
        first, second = sources_in(features)
        text = replace(
            features[first],
            context_length=self.reader.max_tokens,
            buckets=pair_buckets(self.reader.max_tokens),
            joined=self.encoder == CROSS_ENCODER,
            fitting=self.reader.fitting,
        )
        fitted = text.fit(chain(train.columns[first], train.columns[second]))
        return {FIRST: replace(fitted, source=first), SECOND: replace(fitted, source=second)}

    def adopted(
        self, x: Mapping[str, Column], features: Mapping[str, Column] | None
    ) -> dict[str, Column]:
        """Return the columns of both texts for a model of one text, as `Task.adopted`."""
        first, second = COLUMNS if features is None else sources_in(features)
        if SECOND in x or list(x) != [FIRST]:
            return dict(x)
        text = x[FIRST]
        if text.context_length:
            text = replace(text, buckets=pair_buckets(text.context_length))
        # The embeddings of a model that was trained here have no row for one more id.
        own = not text.tokenizer or text.loaded.separator_id is None
        text = replace(text, joined=self.encoder == CROSS_ENCODER and not own)
        return {FIRST: replace(text, source=first), SECOND: replace(text, source=second)}

    def check(self, split: "Split", assets: Assets) -> "Split":
        """Return the split; refuse an empty text."""
        for column in assets.x.values():
            for i, text in enumerate(split.columns[column.source]):
                if not text.strip():
                    raise DataError(
                        f"The {column.source} of example {split.name_of(i)} is empty.",
                        expected="at least one word in each of two texts",
                        fix="leave the example out of the data",
                    )
        return split

    def build(
        self,
        backbone: keras.Model,
        assets: Assets,
        fronts: Mapping[str, Front] | None,
        *,
        feature: str | None,
        outputs: int,
        dropout_rate: float,
        name: str,
    ) -> keras.Model:
        """Return a model from two texts through one backbone to a dense layer.

        Args:
            backbone: maps ids to named features.
            assets: declare the inputs.
            fronts: layers before the backbone, by input name.
            feature: that the head takes; None takes the deepest.
            outputs: of the dense layer; 0 gives pooled or compared features.
            dropout_rate: before the dense layer.
            name: of the model.
        """
        inputs = keras_inputs(assets)
        front = (fronts or {}).get(FIRST, _as_it_is)
        head = {"feature": feature, "dropout_rate": dropout_rate}
        if self.encoder == TWO_TOWER:
            towers = [backbone(front(inputs[name])) for name in (FIRST, SECOND)]
            logits = pair_head(*towers, outputs, **head)
        else:
            ids = joint_of(assets.x[FIRST])(inputs[FIRST], inputs[SECOND])  # (B, S)
            logits = classification_head(backbone(front(ids)), outputs, **head)
        return keras.Model(inputs, logits, name=name)


def sources_in(features: Mapping[str, Column]) -> tuple[str, str]:
    """Return the data's columns of first and second texts.

    Raises:
        DataError: there are not two columns of texts; or more, and none called text and pair.
    """
    found = [name for name, column in features.items() if isinstance(column, Text)]
    if set(COLUMNS) <= set(found):
        return COLUMNS
    if len(found) != len(COLUMNS):
        held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
        raise DataError(
            f"This task takes pairs of texts; the data holds {held or 'nothing'}.",
            expected="two columns of texts",
            fix="name that of the second texts: data.arguments.pair_column=NAME; for one text, choose "
            "task.name=text_classification or regression",
        )
    first, second = found
    return first, second


def joint_of(text: Text) -> JoinedTexts:
    """Return the layer that joins two texts that a column encodes.

    The marks of a published tokenizer separate them. Where there are none, a separator stands between
    them: the first id beyond the vocabulary, or the unknown token, if the model was made for one text.
    """
    if not text.tokenizer:
        return JoinedTexts(text.context_length, between=(UNKNOWN_ID,), name="join")
    tokenizer = text.loaded
    before, between, behind = tokenizer.pair_marks
    if not behind:
        size = tokenizer.vocabulary_size
        between = between or (size if text.joined else tokenizer.unknown_id,)
    return JoinedTexts(
        text.context_length,
        between=between,
        marks_before=before,
        marks_behind=behind,
        padding_id=tokenizer.padding_id,
        name="join",
    )


def pair_buckets(max_tokens: int) -> tuple[int, ...]:
    """Return the lengths that each text of a pair is padded to: 16, 32, 64, … `max_tokens`.

    Fewer than of single texts, since each pair of lengths costs a trace of the model.

    >>> pair_buckets(100)
    (16, 32, 64, 100)
    """
    edges = [_SHORTEST_BUCKET]
    while edges[-1] < max_tokens:
        edges.append(2 * edges[-1])
    return (*(edge for edge in edges if edge < max_tokens), max_tokens)


def _as_it_is(tensor: keras.KerasTensor) -> keras.KerasTensor:
    return tensor
