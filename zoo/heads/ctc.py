"""Connectionist temporal classification (Graves et al. 2006): a token or a blank for each frame.

Axes: B recordings, T frames, V tokens of a vocabulary, L tokens of a transcript. The blank is the id of
padding, 0. A frame of padding is certainly blank: it changes no loss and no hypothesis, so that nobody
need know how long a recording was.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.attention import FAR
from zoo.layers.masking import FrameMask

BLANK_ID = 0
IMPOSSIBLE_NATS = 1e6  # of a transcript, above which no alignment has all of it
_LONG, _ODD = 4096, 4099  # frames of two inputs, which tell a network's stride


@keras.saving.register_keras_serializable(package="kerazoo")
class BlankPadding(keras.layers.Layer):
    """Make the frames of padding certainly blank."""

    def __init__(self, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.supports_masking = True  # that of recurrent layers, which is not needed here

    def call(self, logits, is_sound):
        """Return logits (B, T, V), in which those where `is_sound` (B, T) is False say blank."""
        is_blank = ops.arange(ops.shape(logits)[-1]) == BLANK_ID
        certain = ops.where(is_blank, 0.0, FAR)  # (V,)
        return ops.where(is_sound[..., None], logits, ops.cast(certain, logits.dtype))

    def compute_output_shape(self, logits_shape, is_sound_shape):
        """Return the shape of the logits."""
        return logits_shape


def ctc_head(
    features: Mapping[str, Any],
    frames: Any,
    num_tokens: int,
    *,
    stride: int,
    feature: str | None = None,
    dropout_rate: float = 0.0,
) -> Any:
    """Map one feature of a backbone to the logits of a token or the blank for each of its frames.

    Args:
        features: named tensors of a backbone, the deepest last.
        frames: what the backbone was given (B, T, M); trailing frames of 0 are padding.
        num_tokens: the blank included; 0 gives the mean of the feature, (B, D).
        stride: of the backbone, frames for each of its positions.
        feature: the name of the one to take, (B, T / stride, D); None takes the deepest.
        dropout_rate: before the logits, [0, 1).

    Returns:
        float32 logits, (B, T / stride, num_tokens).

    Raises:
        ArgumentError: the feature has no positions over time.
    """
    name = list(features)[-1] if feature is None else feature
    x = features[name]
    if len(x.shape) != 3:
        raise ArgumentError(
            f"The feature {name} has the shape {tuple(x.shape[1:])}, not one vector for each frame.",
            expected="a model whose head takes frames, such as deep_speech2_small",
            fix="zoo list --task speech_recognition shows the models that recognize speech",
        )
    if not num_tokens:
        return keras.layers.GlobalAveragePooling1D(name="head_pool")(x)
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate, name="head_dropout")(x)
    logits = keras.layers.Dense(num_tokens, dtype="float32", name="head_tokens")(x)
    mask = FrameMask(stride, name="head_mask")(frames)
    return BlankPadding(dtype="float32", name="head_logits")(logits, mask)


def stride_of(backbone: keras.Model, *, feature: str | None, bins: int) -> int:
    """Return how many frames a position of a feature stands for.

    Args:
        backbone: from frames (B, T, bins), any number of them, to named features.
        feature: name of one with positions over time; None takes the deepest.
        bins: of a frame.

    Raises:
        ArgumentError: the backbone takes one number of frames only, or it cuts some off.
    """
    name = list(backbone.output)[-1] if feature is None else feature
    found = []
    for size in (_LONG, _ODD):
        try:
            spec = backbone.compute_output_spec(keras.KerasTensor((1, size, bins)))[name]
        except ValueError as error:
            raise _unsuitable("it takes one number of frames only") from error
        found.append(spec.shape[1])
    stride = round(_LONG / found[0])
    if found != [-(-size // stride) for size in (_LONG, _ODD)]:
        raise _unsuitable(f"it makes {found[0]} and {found[1]} frames of {_LONG} and {_ODD}")
    return stride


def ctc_nats(logits: Any, ids: Any) -> tuple[Any, Any]:
    """Return the negative log-likelihood of each transcript over all its alignments, in nats.

    Args:
        logits: (B, T, V), of `ctc_head`.
        ids: transcripts (B, L), padded with the blank; none of them is empty.

    Returns:
        (B,) float32, 0 where no alignment is possible; and the tokens that count, (B,) float32.
    """
    lengths = ops.sum(ops.cast(ids != BLANK_ID, "int32"), axis=1)  # (B,)
    frames = ops.full_like(lengths, ops.shape(logits)[1])
    logits = ops.cast(logits, "float32")
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Several times as fast as that of Keras, whose labels are dense.
        nats = tf.nn.ctc_loss(
            tf.sparse.from_dense(ids),
            logits,
            None,
            frames,
            logits_time_major=False,
            blank_index=BLANK_ID,
        )
    else:
        nats = ops.ctc_loss(ids, logits, lengths, frames, mask_index=BLANK_ID)
    possible = nats < IMPOSSIBLE_NATS
    return ops.where(possible, nats, 0.0), ops.cast(lengths, "float32") * ops.cast(
        possible, "float32"
    )


def _unsuitable(reason: str) -> ArgumentError:
    return ArgumentError(
        f"This model cannot recognize speech: {reason}.",
        expected="a model that makes T / stride frames of T, such as deep_speech2_small",
        fix="zoo list --task speech_recognition shows the models that recognize speech",
    )
