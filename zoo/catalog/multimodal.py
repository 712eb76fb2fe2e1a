"""Fusions and dual encoders of several inputs, and the encoders that they take where none are named."""

from typing import Any

from zoo.cards import FeatureSpec, ImagePreprocessing, ModelCard, SoundPreprocessing

# By modality of the input: small ones, which train in minutes.
ENCODERS = {
    "image": "cnn_small",
    "speech": "ds_cnn_s",
    "text": "textcnn",
    "vector": "vector_mlp",
    "series": "series_gru",
}
_TASKS = ("multimodal_classification", "multimodal_regression")
_LOG_MEL = {"sample_rate_hz": 8_000, "window_ms": 25.0, "hop_ms": 10.0, "num_mels": 40}
_PREPROCESSING = {  # by modality
    "image": ImagePreprocessing(),
    "speech": SoundPreprocessing(log_mel=_LOG_MEL),
}
# Shapes and widths are those of an image, a sound and a text; other inputs have theirs.
_SHAPES = {"image": (28, 28, 1), "audio": (8_000,), "ids": (16,)}
_TINY_SHAPES = {"image": (8, 8, 1), "audio": (1_200,), "ids": (6,)}
_WIDTHS = {"image": 128, "audio": 64, "ids": 300}
_TINY = {
    "encoders": {
        "image": {"name": "cnn_small", "arguments": {"widths": (4, 6)}},
        "audio": {"name": "ds_cnn_s", "arguments": {"width": 4, "num_blocks": 1}},
        "ids": {"name": "textcnn", "arguments": {"num_filters": 3, "embedding_dim": 4}},
    }
}


def _fusion(
    name: str,
    *,
    width: int,
    summary: str,
    paper: str,
    arxiv: str,
    year: int,
    widths: dict[str, int] = _WIDTHS,
    more: dict[str, int] | None = None,
    tiny: dict[str, Any] | None = None,
    encoders: bool = True,
) -> ModelCard:
    """Return the card of a fusion.

    Args:
        name: of the function and its file; the card is called NAME_fusion.
        width: of the fused feature.
        summary, paper, arxiv, year: of the card.
        widths: of the feature of each input.
        more: widths of further features, before the fused one.
        tiny: arguments of a tiny model, beside tiny encoders.
        encoders: it joins those of its inputs.
    """
    features = {**widths, **(more or {})}
    return ModelCard(
        name=f"{name}_fusion",
        builder=f"zoo.models.multimodal.{name}:{name}",
        family=f"{name}_fusion",
        modality="multimodal",
        tasks=_TASKS,
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=_SHAPES,
        num_classes=10,
        features=(
            *(FeatureSpec(key, None, size) for key, size in features.items()),
            FeatureSpec("fused", None, width),
        ),
        head_feature="fused",
        preprocessing=_PREPROCESSING,
        tiny_arguments={**(_TINY if encoders else {}), **(tiny or {})},
        tiny_input_shape=_TINY_SHAPES,
    )


MODELS: tuple[ModelCard, ...] = (
    _fusion(
        "early",
        width=64,
        widths=dict.fromkeys(_WIDTHS, 64),
        summary="Early fusion: patches of all inputs are tokens of one transformer.",
        paper="ViLT: Vision-and-Language Transformer Without Convolution or Region Supervision",
        arxiv="2102.03334",
        year=2021,
        tiny={"hidden_dim": 4, "num_heads": 2, "num_layers": 1, "vocabulary_size": 16},
        encoders=False,
    ),
    _fusion(
        "intermediate",
        width=128,
        summary="Intermediate fusion: dense layers over the features of all encoders.",
        paper="Multimodal Deep Learning",
        arxiv="",
        year=2011,
        tiny={"hidden_dim": 16},
    ),
    _fusion(
        "late",
        width=sum(_WIDTHS.values()),
        summary="Late fusion: encoders that meet in the output layer; what they say adds up.",
        paper="Understanding Unimodal Bias in Multimodal Deep Linear Networks",
        arxiv="2312.00935",
        year=2023,
    ),
    _fusion(
        "gated",
        width=128,
        more={f"gate_{name}": 128 for name in _WIDTHS},
        summary="Gated multimodal units: every input has a gate that all inputs set.",
        paper="Gated Multimodal Units for Information Fusion",
        arxiv="1702.01992",
        year=2017,
        tiny={"hidden_dim": 4},
    ),
    _fusion(
        "film",
        width=128,
        summary="Feature-wise linear modulation: some inputs steer the features of one.",
        paper="FiLM: Visual Reasoning with a General Conditioning Layer",
        arxiv="1709.07871",
        year=2018,
        tiny={"num_blocks": 1},
    ),
    _fusion(
        "low_rank",
        width=64,
        summary="Low-rank tensor fusion: every product of the inputs' features.",
        paper="Efficient Low-rank Multimodal Fusion with Modality-Specific Factors",
        arxiv="1806.00064",
        year=2018,
        tiny={"hidden_dim": 4, "rank": 2},
    ),
    _fusion(
        "bottleneck",
        width=64,
        summary="Attention bottlenecks: inputs exchange a few tokens only.",
        paper="Attention Bottlenecks for Multimodal Fusion",
        arxiv="2107.00135",
        year=2021,
        tiny={"hidden_dim": 4, "num_heads": 2, "num_layers": 3, "num_bottlenecks": 2},
    ),
    _fusion(
        "cross_attention",
        width=192,
        summary="Cross-attention: the tokens of each input look at those of the others.",
        paper="Multimodal Transformer for Unaligned Multimodal Language Sequences",
        arxiv="1906.00295",
        year=2019,
        tiny={"hidden_dim": 4, "num_heads": 2},
    ),
    ModelCard(
        name="dual_encoder",
        builder="zoo.models.multimodal.dual_encoder:dual_encoder",
        family="dual_encoder",
        modality="multimodal",
        tasks=("contrastive_pairs",),
        summary="Encoders side by side, whose vectors of the same example lie close (CLIP).",
        paper="Learning Transferable Visual Models From Natural Language Supervision",
        arxiv="2103.00020",
        year=2021,
        input_shape=_SHAPES,
        num_classes=0,
        features=(
            *(FeatureSpec(key, None, size) for key, size in _WIDTHS.items()),
            FeatureSpec("joined", None, sum(_WIDTHS.values())),
        ),
        head_feature="joined",
        preprocessing=_PREPROCESSING,
        tiny_arguments=_TINY,
        tiny_input_shape=_TINY_SHAPES,
    ),
)
