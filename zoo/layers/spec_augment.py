"""SpecAugment (1904.08779) without its time warp: mask bands of frequencies and spans of time."""

from typing import Any

import keras
from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.masking import FrameMask


@keras.saving.register_keras_serializable(package="kerazoo")
class SpecAugment(keras.layers.Layer):
    """Replace bands of bins and spans of frames by the clip's mean while training.

    Each mask is drawn for each example: a width, uniform from 0 to the widest, then a place where
    all of it fits. The paper's table 2 fills with 0 after bringing features to mean 0; the mean of
    the clip is the same for normalized features and right for others as well. A mask never takes
    more than half of its axis, so that clips shorter than the paper's keep something to learn from.

    Args:
        frequency_masks: bands per clip, >= 0.
        frequency_mask_width: the widest band, in bins.
        time_masks: spans per clip, >= 0.
        time_mask_width: the widest span, in frames.
        padded: frames at the end that are 0 in all bins are padding: they stay so, the mean leaves
            them out, and spans lie in what is before them.
        seed: of the layer's generator; None draws one from `keras.utils.set_random_seed`.
        **layer_arguments: `name`, `dtype` and the like.

    Raises:
        ArgumentError: a value below 0 or no whole number.

    >>> layer = SpecAugment(frequency_masks=1, frequency_mask_width=4, seed=1)
    >>> features = ops.reshape(ops.arange(60, dtype="float32"), (1, 6, 10))
    >>> bool(ops.all(layer(features, training=False) == features))
    True
    """

    def __init__(
        self,
        frequency_masks: int = 0,
        frequency_mask_width: int = 0,
        time_masks: int = 0,
        time_mask_width: int = 0,
        padded: bool = False,
        seed: int | None = None,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self._masks = {
            "frequency_masks": frequency_masks,
            "frequency_mask_width": frequency_mask_width,
            "time_masks": time_masks,
            "time_mask_width": time_mask_width,
        }
        for name, value in self._masks.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ArgumentError(
                    f"SpecAugment cannot mask with {name}={value!r}.",
                    expected="a whole number >= 0",
                    fix=f"set {name} within that range; 0 is off",
                )
        self.padded, self.seed = padded, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, features, training: bool = False):
        """Return `features` (B, T, bins), in training with masks."""
        if not training:
            return features
        shape = ops.shape(features)
        keep = FrameMask()(features) if self.padded else None  # (B, T)
        length = None if keep is None else ops.sum(ops.cast(keep, "float32"), axis=1)[:, None]
        bins = self._hidden(
            shape[0], shape[2], "frequency_masks", "frequency_mask_width"
        )  # (B, bins)
        frames = self._hidden(
            shape[0], shape[1], "time_masks", "time_mask_width", length=length
        )  # (B, T)
        hidden = ops.logical_or(bins[:, None, :], frames[:, :, None])  # (B, T, bins)
        if keep is None:
            return ops.where(hidden, ops.mean(features, axis=(1, 2), keepdims=True), features)
        total = ops.cast(ops.sum(features, axis=(1, 2)), "float32")[:, None]  # padding adds 0
        mean = total / ops.maximum(length * features.shape[-1], 1)  # (B, 1)
        hidden = ops.logical_and(hidden, keep[..., None])
        return ops.where(hidden, ops.cast(mean, features.dtype)[..., None], features)

    def _hidden(self, batch, size, masks: str, widest: str, *, length=None):
        """Draw which positions of an axis are masked, bool (B, size).

        Args:
            batch, size: of the result.
            masks, widest: names of the settings.
            length: positions that may be masked, float32 (B, 1); None for all.
        """
        count = self._masks[masks]
        # Drawn in float32: bfloat16 cannot tell more than 128 places apart.
        draws = keras.random.uniform((2, batch, count), dtype="float32", seed=self.seed_generator)
        length = ops.cast(size, "float32") if length is None else length
        limit = ops.minimum(ops.cast(self._masks[widest], "float32"), ops.floor(length / 2))
        width = ops.floor(draws[0] * (limit + 1.0))  # (B, count): 0 to the widest
        start = ops.floor(draws[1] * (length - width + 1.0))
        place = ops.arange(size, dtype="float32")  # (size,)
        after = place >= start[..., None]
        before = place < (start + width)[..., None]
        return ops.any(ops.logical_and(after, before), axis=1)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | self._masks | {"padded": self.padded, "seed": self.seed}
