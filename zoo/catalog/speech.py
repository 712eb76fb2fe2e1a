"""Speech architectures."""

from typing import Any

from zoo.cards import FeatureSpec, ModelCard, SoundPreprocessing

_TASKS = ("keyword_spotting", "speaker_identification")


def _ds_cnn(
    size: str,
    *,
    params: int,
    width: int,
    num_blocks: int,
    stem_strides: tuple[int, int],
    block_strides: tuple[int, int],
) -> ModelCard:
    arguments: dict[str, Any] = {
        "width": width,
        "num_blocks": num_blocks,
        "stem_strides": stem_strides,
        "block_strides": block_strides,
    }
    strides = tuple(a * b for a, b in zip(stem_strides, block_strides, strict=True))
    return ModelCard(
        name=f"ds_cnn_{size}",
        builder="zoo.models.speech.ds_cnn:ds_cnn",
        arguments=arguments,
        family="ds_cnn",
        modality="speech",
        tasks=_TASKS,
        summary=f"DS-CNN-{size.upper()}: depthwise separable convolutions for small devices.",
        paper="Hello Edge: Keyword Spotting on Microcontrollers",
        arxiv="1711.07128",
        year=2017,
        input_shape=(16_000,),
        num_classes=12,
        features=(
            FeatureSpec("stem", stem_strides, width),
            *(FeatureSpec(f"block_{i}", strides, width) for i in range(1, num_blocks + 1)),
        ),
        head_feature=f"block_{num_blocks}",
        preprocessing=SoundPreprocessing(
            log_mel={  # the authors' own: 49 frames of 10 coefficients for a second
                "sample_rate_hz": 16_000,
                "window_ms": 40.0,
                "hop_ms": 20.0,
                "num_mels": 40,
                "low_hz": 20.0,
                "high_hz": 4_000.0,
                "num_coefficients": 10,
            }
        ),
        tiny_arguments={"width": 4},
        tiny_input_shape=(2_400,),
        published_params=params,
    )


MODELS: tuple[ModelCard, ...] = (
    _ds_cnn("s", params=23_756, width=64, num_blocks=4, stem_strides=(2, 2), block_strides=(1, 1)),
    _ds_cnn(
        "m", params=138_128, width=172, num_blocks=4, stem_strides=(2, 1), block_strides=(2, 2)
    ),
    _ds_cnn(
        "l", params=416_772, width=276, num_blocks=5, stem_strides=(2, 1), block_strides=(2, 2)
    ),
    ModelCard(
        name="crnn",
        builder="zoo.models.speech.crnn:crnn",
        family="crnn",
        modality="speech",
        tasks=_TASKS,
        summary="CRNN: one strided convolution, bidirectional GRUs over time, one dense layer.",
        paper="Convolutional Recurrent Neural Networks for Small-Footprint Keyword Spotting",
        arxiv="1703.05390",
        year=2017,
        input_shape=(24_000,),
        num_classes=2,
        features=(FeatureSpec("frames", 8, 64), FeatureSpec("pooled", None, 64)),
        head_feature="pooled",
        preprocessing=SoundPreprocessing(
            log_mel={
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 40,
                "low_hz": 20.0,
                "padding": "reflect",
            }
        ),
        tiny_arguments={"num_filters": 4, "hidden_dim": 3, "num_layers": 1, "features_dim": 5},
        tiny_input_shape=(2_400,),
    ),
)
