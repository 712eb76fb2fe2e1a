"""Weights of keras.applications, from the places that its source names.

Accuracy is that of https://keras.io/api/applications/, of one crop in the middle of ImageNet's
validation images. Pixels are scaled as `preprocess_input` of each family does, or as the first layers
of the network do where it has none. How large the crop is, Keras does not state: 0.875 is the share
that the networks were evaluated with where they were trained, and EfficientNet's grows with its images.
Licences are those that Keras' documentation states of each family's weights. No SHA-256 of the files is
published.

VGG and ResNet are left out: their weights take blue, green and red in this order, which no
preprocessing value says. So is Inception-v3, whose file numbers its layers as they were made.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zoo.cards import ImagePreprocessing, PretrainedCard, UrlSource
from zoo.catalog.image.photographs import IMAGENET, SIGNED

_PLACE = "https://storage.googleapis.com/tensorflow/keras-applications"
_FIRST_PLACE = "https://storage.googleapis.com/keras-applications"
_STATED = "https://keras.io/api/applications/"
_TRAINED_BY = {  # by the beginning of a model's name; Keras brought most of them into its own form
    "mobilenet": "Google, https://github.com/tensorflow/models",
    "densenet": "https://github.com/liuzhuang13/DenseNet",
    "xception": "Keras, https://github.com/keras-team/keras",
    "efficientnet_": "Google, https://github.com/tensorflow/tpu",
    "efficientnetv2_": "Google, https://github.com/google/automl",
}
_TENSORFLOW = {"padding": "same", "norm_epsilon": 1e-3}
_EFFICIENTNET = replace(IMAGENET, interpolation="bicubic")
_EFFICIENTNET_V2 = ImagePreprocessing(scale=1 / 128, crop_share=1.0, interpolation="bicubic")


def _card(
    model: str,
    url: str,
    value: float,
    side: int,
    licence: str,
    *,
    values: ImagePreprocessing = SIGNED,
    crop_share: float = 0.875,
    arguments: Mapping[str, Any] | None = None,
) -> PretrainedCard:
    """Return a card; `values` of the pixels, `licence` as Keras states it, or "not stated"."""
    return PretrainedCard(
        name=f"{model}.keras_in1k",
        model=model,
        arguments=arguments or {},
        sources=(UrlSource(url),),
        preprocessing=replace(values, crop_share=crop_share),
        classes="imagenet_1k",
        licence=licence,
        commercial="not stated" if licence == "not stated" else "yes",
        origin=next(who for start, who in _TRAINED_BY.items() if model.startswith(start)),
        metric="accuracy",
        value=value,
        data="imagenet_1k",
        resolution=side,
        stated_at=_STATED,
    )


def _efficientnet(name: str, value: float, side: int, crop_share: float) -> PretrainedCard:
    return _card(
        f"efficientnet_{name}",
        f"{_FIRST_PLACE}/efficientnet{name}.h5",
        value,
        side,
        "not stated",
        values=_EFFICIENTNET,
        crop_share=crop_share,
        arguments=_TENSORFLOW,
    )


def _efficientnet_v2(size: str, value: float, side: int) -> PretrainedCard:
    return _card(
        f"efficientnetv2_{size}",
        f"{_PLACE}/efficientnet_v2/efficientnetv2-{size}.h5",
        value,
        side,
        "not stated",
        values=_EFFICIENTNET_V2,
        crop_share=1.0,
        arguments=_TENSORFLOW,
    )


def _densenet(layers: int, value: float) -> PretrainedCard:
    file = f"densenet{layers}_weights_tf_dim_ordering_tf_kernels.h5"
    url = f"{_PLACE}/densenet/{file}"
    values = replace(IMAGENET, interpolation="bilinear")
    return _card(f"densenet{layers}", url, value, 224, "BSD-3-Clause", values=values)


_BILINEAR = replace(SIGNED, interpolation="bilinear")
KERAS_APPLICATIONS: tuple[PretrainedCard, ...] = (
    _card(
        "mobilenetv1_100",
        f"{_PLACE}/mobilenet/mobilenet_1_0_224_tf.h5",
        0.704,
        224,
        "Apache-2.0",
        values=_BILINEAR,
        arguments=_TENSORFLOW,
    ),
    _card(
        "mobilenetv2_100",
        f"{_PLACE}/mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
        0.713,
        224,
        "Apache-2.0",
        values=_BILINEAR,
        arguments=_TENSORFLOW,
    ),
    _densenet(121, 0.750),
    _densenet(169, 0.762),
    _densenet(201, 0.773),
    _card(
        "xception",
        f"{_PLACE}/xception/xception_weights_tf_dim_ordering_tf_kernels.h5",
        0.790,
        299,
        "MIT",
        values=_BILINEAR,
    ),
    _efficientnet("b0", 0.771, 224, 0.875),
    _efficientnet("b1", 0.791, 240, 0.882),
    _efficientnet("b2", 0.801, 260, 0.890),
    _efficientnet("b3", 0.816, 300, 0.904),
    _efficientnet_v2("s", 0.839, 384),
    _efficientnet_v2("m", 0.853, 480),
)
