"""Encoders of numbers, for models of several inputs."""

from zoo.cards import FeatureSpec, ModelCard

_TASKS = ("multimodal_classification", "multimodal_regression")

MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="vector_mlp",
        builder="zoo.models.vector.mlp:vector_mlp",
        family="vector_mlp",
        modality="vector",
        tasks=_TASKS,
        summary="Two dense layers over a vector of numbers.",
        paper="Learning representations by back-propagating errors",
        arxiv="",
        year=1986,
        input_shape=(64,),
        num_classes=10,
        features=(FeatureSpec("hidden_1", None, 64), FeatureSpec("hidden_2", None, 64)),
        head_feature="hidden_2",
        tiny_arguments={"hidden_dims": (6, 4)},
        tiny_input_shape=(5,),
    ),
    ModelCard(
        name="series_gru",
        builder="zoo.models.vector.gru:series_gru",
        family="series_gru",
        modality="series",
        tasks=_TASKS,
        summary="Bidirectional GRU over a series of vectors.",
        paper="Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine "
        "Translation",
        arxiv="1406.1078",
        year=2014,
        input_shape=(50, 16),
        num_classes=10,
        features=(FeatureSpec("steps", 1, 128), FeatureSpec("pooled", None, 128)),
        head_feature="pooled",
        tiny_arguments={"hidden_dim": 4},
        tiny_input_shape=(6, 3),
    ),
)
