"""Networks that tell the words of short clips apart."""

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


def _tc_resnet(name: str, *, stem_width: int, widths: tuple[int, ...], factor: str) -> ModelCard:
    strides = [2 ** (sorted(set(widths)).index(width) + 1) for width in widths]
    return ModelCard(
        name=name,
        builder="zoo.models.speech.tc_resnet:tc_resnet",
        arguments={"stem_width": stem_width, "widths": widths},
        family="tc_resnet",
        modality="speech",
        tasks=_TASKS,
        summary=f"TC-ResNet{factor}: residual convolutions over time, coefficients as channels.",
        paper="Temporal Convolution for Real-time Keyword Spotting on Mobile Devices",
        arxiv="1904.03814",
        year=2019,
        input_shape=(16_000,),
        num_classes=12,
        features=(
            FeatureSpec("stem", 1, stem_width),
            *(
                FeatureSpec(f"block_{i}", stride, width)
                for i, (stride, width) in enumerate(zip(strides, widths, strict=True), start=1)
            ),
        ),
        head_feature=f"block_{len(widths)}",
        preprocessing=SoundPreprocessing(
            log_mel={  # as the authors' code sets it: 98 frames of 40 coefficients for a second
                "sample_rate_hz": 16_000,
                "window_ms": 30.0,
                "hop_ms": 10.0,
                "num_mels": 64,
                "low_hz": 80.0,
                "high_hz": 7_600.0,
                "num_coefficients": 40,
            }
        ),
        tiny_arguments={"stem_width": 4, "widths": tuple(width // 4 for width in widths)},
        tiny_input_shape=(2_400,),
    )


def _matchboxnet(repeats: int) -> ModelCard:
    return ModelCard(
        name=f"matchboxnet_3x{repeats}x64",
        builder="zoo.models.speech.matchboxnet:matchboxnet",
        arguments={"repeats": repeats},
        family="matchboxnet",
        modality="speech",
        tasks=_TASKS,
        summary=f"MatchboxNet-3x{repeats}x64: residual blocks of separable convolutions over time.",
        paper="MatchboxNet: 1D Time-Channel Separable Convolutional Neural Network Architecture for "
        "Speech Commands Recognition",
        arxiv="2004.08531",
        year=2020,
        input_shape=(20_720,),  # 128 frames
        num_classes=30,
        features=(
            FeatureSpec("stem", 1, 128),
            *(FeatureSpec(f"block_{i}", 1, 64) for i in range(1, 4)),
            FeatureSpec("final", 1, 128),
        ),
        head_feature="final",
        preprocessing=SoundPreprocessing(
            log_mel={  # §4.1
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 64,
                "num_coefficients": 64,
            }
        ),
        tiny_arguments={"width": 4, "num_blocks": 3},
        tiny_input_shape=(2_400,),
    )


def _bc_resnet(size: str, *, width: int, params: int) -> ModelCard:
    return ModelCard(
        name=f"bc_resnet{size}".replace(".", "_"),
        builder="zoo.models.speech.bc_resnet:bc_resnet",
        arguments={"width": width},
        family="bc_resnet",
        modality="speech",
        tasks=_TASKS,
        summary=f"BC-ResNet-{size}: convolutions over time of the mean frequency, broadcast to all.",
        paper="Broadcasted Residual Learning for Efficient Keyword Spotting",
        arxiv="2106.04140",
        year=2021,
        input_shape=(16_000,),
        num_classes=12,
        features=(
            FeatureSpec("stem", (1, 2), 2 * width),
            FeatureSpec("stage_1", (1, 2), width),
            FeatureSpec("stage_2", (1, 4), int(1.5 * width)),
            FeatureSpec("stage_3", (1, 8), 2 * width),
            FeatureSpec("stage_4", (1, 8), int(2.5 * width)),
            FeatureSpec("final", 1, 4 * width),
        ),
        head_feature="final",
        preprocessing=SoundPreprocessing(
            log_mel={  # as the authors' code sets it: 101 frames of 40 bins for a second
                "sample_rate_hz": 16_000,
                "window_ms": 30.0,
                "hop_ms": 10.0,
                "num_mels": 40,
                "low_hz": 0.0,
                "padding": "reflect",
            }
        ),
        tiny_arguments={"width": 2},
        tiny_input_shape=(2_400,),
        published_params=params,
    )


def _kwt(number: int) -> ModelCard:
    width = 64 * number  # a head has 64 units
    return ModelCard(
        name=f"kwt{number}",
        builder="zoo.models.speech.kwt:kwt",
        arguments={"hidden_dim": width, "num_heads": number},
        family="kwt",
        modality="speech",
        tasks=_TASKS,
        summary=f"KWT-{number}: a transformer on the frames of a clip.",
        paper="Keyword Transformer: A Self-Attention Model for Keyword Spotting",
        arxiv="2104.00769",
        year=2021,
        input_shape=(16_000,),
        num_classes=12,
        features=(FeatureSpec("frames", 1, width), FeatureSpec("pooled", None, width)),
        head_feature="pooled",
        preprocessing=SoundPreprocessing(
            log_mel={  # as the authors' training script sets it: 98 frames of 40 coefficients
                "sample_rate_hz": 16_000,
                "window_ms": 30.0,
                "hop_ms": 10.0,
                "num_mels": 80,
                "low_hz": 20.0,
                "high_hz": 7_600.0,
                "num_coefficients": 40,
            }
        ),
        tiny_arguments={"num_layers": 1, "hidden_dim": 4 * number},
        tiny_input_shape=(2_400,),
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
    _tc_resnet("tc_resnet8", stem_width=16, widths=(24, 32, 48), factor="8"),
    _tc_resnet("tc_resnet8_1_5", stem_width=24, widths=(36, 48, 72), factor="8-1.5"),
    _tc_resnet("tc_resnet14", stem_width=16, widths=(24, 24, 32, 32, 48, 48), factor="14"),
    _tc_resnet("tc_resnet14_1_5", stem_width=24, widths=(36, 36, 48, 48, 72, 72), factor="14-1.5"),
    *map(_matchboxnet, (1, 2)),
    _bc_resnet("1", width=8, params=9_232),
    _bc_resnet("1.5", width=12, params=17_154),
    _bc_resnet("2", width=16, params=27_284),
    _bc_resnet("3", width=24, params=54_168),
    _bc_resnet("6", width=48, params=187_812),
    _bc_resnet("8", width=64, params=321_068),
    *map(_kwt, (1, 2, 3)),
)
