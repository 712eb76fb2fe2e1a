"""Conformer (2005.08100): the encoders of Table 1, small and medium."""

from zoo.cards import FeatureSpec, ModelCard, SoundPreprocessing


def _conformer(size: str, *, hidden_dim: int) -> ModelCard:
    return ModelCard(
        name=f"conformer_{size}",
        builder="zoo.models.speech.conformer:conformer",
        arguments={"hidden_dim": hidden_dim},
        family="conformer",
        modality="speech",
        tasks=("keyword_spotting", "speaker_identification", "speech_recognition"),
        summary=f"Conformer {size.upper()}, encoder: 16 blocks of attention and convolution over time.",
        paper="Conformer: Convolution-augmented Transformer for Speech Recognition",
        arxiv="2005.08100",
        year=2020,
        input_shape=(160_000,),  # 998 frames of ten seconds
        num_classes=29,  # 28 characters and the blank
        features=(FeatureSpec("stem", 4, hidden_dim), FeatureSpec("frames", 4, hidden_dim)),
        head_feature="frames",
        preprocessing=SoundPreprocessing(
            log_mel={
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 80,
                "normalization": "utterance",
            }
        ),
        tiny_arguments={"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "kernel_size": 4},
        tiny_input_shape=(2_400,),
    )


MODELS: tuple[ModelCard, ...] = (
    _conformer("s", hidden_dim=144),
    _conformer("m", hidden_dim=256),
)
