"""Batch normalization (1502.03167) that trains with TensorFlow's fused kernel.

Keras 3 composes batch normalization of elementary operations; under TensorFlow without XLA each of
them passes over the feature map. The fused kernel makes two passes forward and two backward.
"""

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util


@keras.saving.register_keras_serializable(package="kerazoo")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, faster in training; the same arguments, weights, config.

    The fused kernel serves training steps under TensorFlow on (B, H, W, C) maps normalized over the
    last axis. All else goes to Keras' own implementation: other backends and ranks, masks,
    `synchronized`, `renorm`, `trainable=False`, inference, XLA (Keras' default on GPUs), types
    other than float32 and bfloat16, and channel counts that are not multiples of 4.

    Both paths sum in float32 and agree to 1e-5 up to about 8 000 values per channel; beyond, either
    strays from the exact variance by its own rounding (by up to 7e-5 at 131 072 values, and by 3e-4
    here and 5e-4 in Keras' own at a million).

    Weights and statistics stay float32 under mixed_bfloat16. As in Keras, the moving variance is
    that of the batch, without the N/(N-1) that the kernel puts in. Weights go from one layer to the
    other by `get_weights` and `set_weights`; a `.weights.h5` file names the class and does not.

    >>> layer = FusedBatchNormalization(momentum=0.9)
    >>> tuple(layer(ops.ones((2, 4, 4, 8)), training=True).shape)
    (2, 4, 4, 8)
    """

    def call(self, inputs, training=None, mask=None):
        """Normalize.

        Args:
            inputs: (B, H, W, C) for the fused kernel; any shape that Keras' own layer takes.
            training: True uses the batch's statistics and moves the averages towards them.
            mask: as in Keras' own layer.

        Returns:
            The shape of `inputs` in the layer's compute dtype.
        """
        if training and self.trainable and mask is None and self._is_fusible(inputs):
            return self._normalize_fused(inputs)
        return super().call(inputs, training=training, mask=mask)

    def _is_fusible(self, inputs) -> bool:
        return (
            keras.backend.backend() == "tensorflow"
            and len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and not self.synchronized
            and not self.renorm
            and keras.backend.standardize_dtype(inputs.dtype) in ("float32", "bfloat16")
            # The kernel's vector code takes channels by fours; without it stock is twice as fast.
            and inputs.shape[-1] % 4 == 0
            and not _is_traced_for_xla()
        )

    def _normalize_fused(self, inputs):
        channels = inputs.shape[-1]
        x = inputs  # (B, H, W, C)
        if channels % 16:
            # bfloat16 goes by sixteens, else to a scalar loop five times slower than float32.
            x = ops.cast(x, "float32")
        # The kernel takes float32 parameters for every type of x.
        scale = ops.cast(self.gamma, "float32") if self.scale else ops.ones(channels, "float32")
        offset = ops.cast(self.beta, "float32") if self.center else ops.zeros(channels, "float32")
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            x, scale, offset, epsilon=self.epsilon
        )
        count = ops.cast(ops.prod(ops.shape(x)[:-1]), "float32")  # values per channel
        variance = variance * ops.maximum(count - 1.0, 1.0) / count
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        return ops.cast(outputs, self.compute_dtype)

    def _move(self, average: keras.Variable, value) -> None:
        old = ops.cast(average, "float32")
        average.assign(old * self.momentum + value * (1.0 - self.momentum))


def _is_traced_for_xla() -> bool:
    # XLA lowers the fused operation to E[x²] - E[x]², which loses the variance of a map whose mean
    # is large beside its spread (NaN at 300 standard deviations), and it fuses the stock
    # arithmetic by itself.
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
