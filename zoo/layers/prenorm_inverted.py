"""The inverted residual of CoAtNet (2106.04803 App. A.1) and MaxViT (2204.01697): normalized first.

That of mobile networks (`zoo/layers/inverted_residual.py`) ends with a normalization; this one begins
with it, as a transformer's block does, and its shortcut pools where the block strides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from zoo.layers.convolution import batch_norm, convolution
from zoo.layers.squeeze_excite import squeeze_excite
from zoo.layers.transformer_block import added

EXPANSION = 4
SQUEEZE = 4  # what the channels are divided by inside squeeze-and-excitation


@dataclass(frozen=True, kw_only=True)
class PrenormForm:
    """What differs between families and their variants.

    Attributes:
        activation: inside, a name or a function.
        norm_activation: apply it after the first normalization too.
        of_output: expand the channels that leave the block, not those that enter it.
        pooled: stride by average pooling in front; False strides in the depthwise convolution.
        squeeze_first: squeeze before the second normalization, not after it.
        squeeze_activation: between the two layers of squeeze-and-excitation.
        use_bias: in the projection and the shortcut.
        padding: as `zoo.layers.convolution.convolution` has it.
        epsilon: of the normalizations.
    """

    activation: str | Callable
    norm_activation: bool = False
    of_output: bool = False
    pooled: bool = True
    squeeze_first: bool = False
    squeeze_activation: str = "silu"
    use_bias: bool = True
    padding: str = "symmetric"
    epsilon: float = 1e-5


def prenorm_inverted(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int = 1,
    form: PrenormForm,
    rate: float = 0.0,
    name: str,
) -> keras.KerasTensor:
    """Normalize, expand, convolve each channel, squeeze, project, add: (B, H', W', filters).

    Args:
        x: (B, H, W, C).
        filters: that leave the block.
        strides: 1 or 2.
        form: of the block.
        rate: of stochastic depth.
        name: that the layers begin with.
    """
    layers, entered = keras.layers, x.shape[-1]
    inner = EXPANSION * (filters if form.of_output else entered)
    reduced = (filters if form.of_output else inner) // SQUEEZE
    squeeze = {"activation": form.squeeze_activation, "name": f"{name}_se"}

    def norm(y: keras.KerasTensor, part: str, *, active: bool = True) -> keras.KerasTensor:
        y = batch_norm(y, epsilon=form.epsilon, name=f"{name}_{part}")
        return layers.Activation(form.activation, name=f"{name}_{part}_act")(y) if active else y

    shortcut = pooled_shortcut(
        x, filters, strides=strides, padding=form.padding, use_bias=form.use_bias, name=name
    )
    y = norm(x, "pre_norm", active=form.norm_activation)
    if strides > 1 and form.pooled:
        y, strides = layers.AveragePooling2D(strides, name=f"{name}_pool")(y), 1
    y = norm(convolution(y, inner, 1, name=f"{name}_conv1"), "norm1")
    y = convolution(
        y, inner, 3, strides=strides, groups=inner, padding=form.padding, name=f"{name}_conv2"
    )
    y = squeeze_excite(y, reduced, **squeeze) if form.squeeze_first else y
    y = norm(y, "norm2")
    y = y if form.squeeze_first else squeeze_excite(y, reduced, **squeeze)
    y = convolution(y, filters, 1, use_bias=form.use_bias, name=f"{name}_conv3")
    return added(shortcut, y, layer_scale=0.0, rate=rate, name=name)


def pooled_shortcut(
    x: keras.KerasTensor,
    filters: int,
    *,
    strides: int,
    padding: str = "symmetric",
    use_bias: bool = True,
    name: str,
) -> keras.KerasTensor:
    """Bring `x` to a block's output: layers NAME_shortcut_pool and NAME_shortcut, where needed."""
    if strides > 1:
        kept = "same" if padding == "same" else "valid"  # the last place of an odd side, or not
        x = keras.layers.AveragePooling2D(strides, padding=kept, name=f"{name}_shortcut_pool")(x)
    if x.shape[-1] != filters:
        x = convolution(x, filters, 1, use_bias=use_bias, name=f"{name}_shortcut")
    return x
