"""Networks for photographs from LeNet-5 to DenseNet."""

from zoo.cards import FeatureSpec, ImagePreprocessing, ModelCard
from zoo.catalog.image.photographs import SIGNED, photograph_card, strides

_VGG_DEPTHS = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def _vgg(depth: int, *, normalized: bool = False) -> ModelCard:
    stages = (64, 128, 256, 512, 512, 512)
    return photograph_card(
        name=f"vgg{depth}{'_bn' if normalized else ''}",
        builder="zoo.models.image.vgg:vgg",
        arguments={"depths": _VGG_DEPTHS[depth], "normalized": normalized},
        family="vgg",
        summary=f"VGG-{depth}: 3×3 convolutions and two large dense layers"
        f"{', with batch normalization' if normalized else ''}.",
        paper="Very Deep Convolutional Networks for Large-Scale Image Recognition",
        arxiv="1409.1556",
        year=2014,
        features=(*strides(stages, first=1), FeatureSpec("pooled", None, 4096)),
        tiny_arguments={
            "depths": (1, 1, 1, 1, 1),
            "widths": (4, 4, 8, 8, 8),
            "hidden_dim": 8,
            "dropout_rate": 0.0,
        },
    )


def _densenet(layers: int, depths: tuple[int, ...], widths: tuple[int, ...]) -> ModelCard:
    return photograph_card(
        name=f"densenet{layers}",
        builder="zoo.models.image.densenet:densenet",
        arguments={"depths": depths},
        family="densenet",
        summary=f"DenseNet-{layers}: each layer takes what all layers before it gave.",
        paper="Densely Connected Convolutional Networks",
        arxiv="1608.06993",
        year=2016,
        features=strides((64, *widths)),
        tiny_arguments={"depths": (1, 1, 1, 1), "growth": 8},
    )


def _squeezenet(version: str, *, features: tuple[int, ...], **arguments: object) -> ModelCard:
    return photograph_card(
        name=f"squeezenet{version.replace('.', '_')}",
        builder="zoo.models.image.squeezenet:squeezenet",
        arguments=arguments,
        family="squeezenet",
        summary=f"SqueezeNet {version}: modules that squeeze to few channels, then expand.",
        paper="SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
        arxiv="1602.07360",
        year=2016,
        features=strides(features),
        tiny_arguments={
            "depths": (1, 1, 1),
            "squeezed": (4, 4, 4),
            "stem_width": 8,
            "stem_kernel": 3,
        },
    )


MODELS: tuple[ModelCard, ...] = (
    photograph_card(
        name="lenet5",
        builder="zoo.models.image.lenet5:lenet5",
        family="lenet5",
        summary="LeNet-5 for digits: two convolutions, trainable subsampling, dense layers.",
        paper="Gradient-Based Learning Applied to Document Recognition",
        arxiv="",
        year=1998,
        input_shape=(32, 32, 1),
        num_classes=10,
        preprocessing=ImagePreprocessing(scale=1.275 / 255, mean=(0.1,)),  # [-0.1, 1.175] (§III.A)
        features=(
            FeatureSpec("stride_1", 1, 6),
            FeatureSpec("stride_2", 2, 16),
            FeatureSpec("pooled", None, 84),
        ),
        tiny_arguments={"hidden_dim": 12},
        tiny_input_shape=(32, 32, 1),
    ),
    photograph_card(
        name="alexnet",
        builder="zoo.models.image.alexnet:alexnet",
        family="alexnet",
        summary="AlexNet on one device: five convolutions and two large dense layers.",
        paper="One weird trick for parallelizing convolutional neural networks",
        arxiv="1404.5997",
        year=2014,
        features=(*strides((64, 192, 256, 256), first=4), FeatureSpec("pooled", None, 4096)),
        tiny_arguments={"widths": (4, 4, 8, 8, 8), "hidden_dim": 8, "dropout_rate": 0.0},
        tiny_input_shape=(64, 64, 3),
    ),
    *(_vgg(depth, normalized=normalized) for normalized in (False, True) for depth in _VGG_DEPTHS),
    _densenet(121, (6, 12, 24, 16), (256, 512, 1024, 1024)),
    _densenet(169, (6, 12, 32, 32), (256, 512, 1280, 1664)),
    _densenet(201, (6, 12, 48, 32), (256, 512, 1792, 1920)),
    _squeezenet("1.0", features=(96, 256, 512, 512)),
    _squeezenet(
        "1.1",
        features=(64, 128, 256, 512),
        depths=(2, 2, 4),
        squeezed=(16, 16, 32, 32, 48, 48, 64, 64),
        stem_width=64,
        stem_kernel=3,
    ),
    photograph_card(
        name="inception_v3",
        builder="zoo.models.image.inception_v3:inception_v3",
        family="inception_v3",
        summary="Inception-v3: parallel convolutions in each block, large ones factorized.",
        paper="Rethinking the Inception Architecture for Computer Vision",
        arxiv="1512.00567",
        year=2015,
        input_shape=(299, 299, 3),
        preprocessing=SIGNED,
        features=strides((64, 192, 288, 768, 2048)),
        tiny_arguments={
            "pool_widths": (32,),
            "factorized_widths": (128,),
            "last_depth": 1,
            "width_multiplier": 1 / 16,
        },
        tiny_input_shape=(75, 75, 3),
    ),
    photograph_card(
        name="xception",
        builder="zoo.models.image.xception:xception",
        family="xception",
        summary="Xception: depthwise separable convolutions with shortcuts.",
        paper="Xception: Deep Learning with Depthwise Separable Convolutions",
        arxiv="1610.02357",
        year=2016,
        input_shape=(299, 299, 3),
        preprocessing=SIGNED,
        features=strides((64, 128, 256, 728, 2048)),
        tiny_arguments={
            "entry_widths": (4, 4, 8),
            "middle_depth": 1,
            "exit_widths": (8, 12, 16),
        },
    ),
)
