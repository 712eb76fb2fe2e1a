"""Image architectures."""

from zoo.cards import ModelCard

_TASKS = ("image_classification",)


def _resnet(depth: int, *, params: int) -> ModelCard:
    return ModelCard(
        name=f"resnet{depth}",
        builder=f"zoo.models.image.resnet:resnet{depth}",
        family="resnet",
        modality="image",
        tasks=_TASKS,
        summary=f"ResNet-{depth} for small images: basic blocks, parameter-free shortcuts.",
        paper="Deep Residual Learning for Image Recognition",
        arxiv="1512.03385",
        year=2015,
        input_shape=(32, 32, 3),
        num_classes=10,
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
        tiny_arguments={"hidden_dims": (4,)},
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
        tiny_arguments={"widths": (4, 8)},
        tiny_input_shape=(8, 8, 1),
    ),
    _resnet(20, params=269_722),
    _resnet(32, params=464_154),
    _resnet(44, params=658_586),
    _resnet(56, params=853_018),
    _resnet(110, params=1_727_962),
)
