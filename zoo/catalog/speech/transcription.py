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


MODELS: tuple[ModelCard, ...] = (*map(_quartznet, (1, 2, 3)),)
