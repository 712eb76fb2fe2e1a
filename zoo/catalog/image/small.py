"""Image architectures."""

from zoo.cards import FeatureSpec, ImagePreprocessing, ModelCard

_TASKS = ("image_classification",)
_SIGNED = ImagePreprocessing()  # [-1, 1]


def _resnet(depth: int, *, num_blocks: int, params: int) -> ModelCard:
    return ModelCard(
        name=f"resnet{depth}",
        builder="zoo.models.image.resnet_cifar:resnet_cifar",
        arguments={"num_blocks": num_blocks},
        family="resnet_cifar",
        modality="image",
        tasks=_TASKS,
        summary=f"ResNet-{depth} for small images: basic blocks, parameter-free shortcuts.",
        paper="Deep Residual Learning for Image Recognition",
        arxiv="1512.03385",
        year=2015,
        input_shape=(32, 32, 3),
        num_classes=10,
        features=(
            FeatureSpec("stride_1", 1, 16),
            FeatureSpec("stride_2", 2, 32),
            FeatureSpec("stride_4", 4, 64),
        ),
        head_feature="stride_4",
        preprocessing=_SIGNED,
        tiny_arguments={"num_blocks": 1},
        tiny_input_shape=(8, 8, 1),
        published_params=params,
    )


MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="mlp",
        builder="zoo.models.image.mlp:mlp",
        family="mlp",
        modality="image",
        tasks=_TASKS,
        summary="Multilayer perceptron on flattened images: the plainest baseline.",
        paper="Learning representations by back-propagating errors",
        arxiv="",
        year=1986,
        input_shape=(28, 28, 1),
        num_classes=10,
        features=(FeatureSpec("features", None, 128),),
        head_feature="features",
        preprocessing=_SIGNED,
        tiny_arguments={"hidden_dims": (16,)},
        tiny_input_shape=(8, 8, 1),
    ),
    ModelCard(
        name="cnn_small",
        builder="zoo.models.image.cnn_small:cnn_small",
        family="cnn_small",
        modality="image",
        tasks=_TASKS,
        summary="Small VGG-style network for images of 8 to 64 pixels.",
        paper="Very Deep Convolutional Networks for Large-Scale Image Recognition",
        arxiv="1409.1556",
        year=2014,
        input_shape=(28, 28, 1),
        num_classes=10,
        features=(
            FeatureSpec("stride_1", 1, 32),
            FeatureSpec("stride_2", 2, 64),
            FeatureSpec("stride_4", 4, 128),
        ),
        head_feature="stride_4",
        preprocessing=_SIGNED,
        tiny_arguments={"widths": (4, 6, 8)},
        tiny_input_shape=(8, 8, 1),
    ),
    _resnet(20, num_blocks=3, params=269_722),
    _resnet(32, num_blocks=5, params=464_154),
    _resnet(44, num_blocks=7, params=658_586),
    _resnet(56, num_blocks=9, params=853_018),
    _resnet(110, num_blocks=18, params=1_727_962),
)
