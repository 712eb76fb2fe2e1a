"""Networks that turn speech into text; as backbones they serve clips as well."""

from zoo.cards import FeatureSpec, ModelCard, SoundPreprocessing

_WIDTHS = (256, 256, 512, 512, 512)


def _quartznet(block_repeats: int) -> ModelCard:
    blocks = [width for width in _WIDTHS for _ in range(block_repeats)]
    return ModelCard(
        name=f"quartznet_{len(blocks)}x5",
        builder="zoo.models.speech.quartznet:quartznet",
        arguments={"block_repeats": block_repeats},
        family="quartznet",
        modality="speech",
        tasks=("keyword_spotting", "speaker_identification"),
        summary=f"QuartzNet-{len(blocks)}x5: residual blocks of separable convolutions over time.",
        paper="QuartzNet: Deep Automatic Speech Recognition with 1D Time-Channel Separable "
        "Convolutions",
        arxiv="1910.10261",
        year=2019,
        input_shape=(160_000,),  # 998 frames of ten seconds
        num_classes=29,  # 28 characters and the blank
        features=(
            FeatureSpec("stem", 2, 256),
            *(FeatureSpec(f"block_{i}", 2, width) for i, width in enumerate(blocks, start=1)),
            FeatureSpec("final", 2, 1024),
        ),
        head_feature="final",
        preprocessing=SoundPreprocessing(
            log_mel={
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 64,
                "low_hz": 0.0,
                "mel_scale": "slaney",
                "normalization": "utterance",
            }
        ),
        tiny_arguments={
            "widths": (4, 4, 6, 6, 6),
            "kernel_sizes": (3, 5, 5, 7, 7),
            "block_repeats": 1,
            "repeats": 2,
        },
        tiny_input_shape=(2_400,),
    )


def _deep_speech2(size: str, *, hidden_dim: int, num_layers: int) -> ModelCard:
    layers = range(1, num_layers + 1)
    return ModelCard(
        name=f"deep_speech2_{size}",
        builder="zoo.models.speech.deep_speech2:deep_speech2",
        arguments={"hidden_dim": hidden_dim, "num_layers": num_layers},
        family="deep_speech2",
        modality="speech",
        tasks=("keyword_spotting", "speaker_identification", "speech_recognition"),
        summary=f"Deep Speech 2, {size}: two convolutions and {num_layers} bidirectional GRUs.",
        paper="Deep Speech 2: End-to-End Speech Recognition in English and Mandarin",
        arxiv="1512.02595",
        year=2015,
        input_shape=(160_000,),  # 998 frames of ten seconds
        num_classes=29,  # 28 characters and the blank
        features=(
            FeatureSpec("stem", 4, hidden_dim),
            *(FeatureSpec(f"layer_{i}", 4, 2 * hidden_dim) for i in layers),
        ),
        head_feature=f"layer_{num_layers}",
        preprocessing=SoundPreprocessing(
            log_mel={
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 80,
                "normalization": "utterance",
            }
        ),
        tiny_arguments={"num_filters": 4, "kernel_size": 3, "hidden_dim": 6},
        tiny_input_shape=(2_400,),
    )


MODELS: tuple[ModelCard, ...] = (
    *map(_quartznet, (1, 2, 3)),
    _deep_speech2("small", hidden_dim=192, num_layers=3),
    _deep_speech2("medium", hidden_dim=320, num_layers=4),
)
