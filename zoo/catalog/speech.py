"""Speech architectures."""

from zoo.cards import ModelCard

_TASKS = ("keyword_spotting", "speaker_identification")


def _ds_cnn(size: str, *, params: int) -> ModelCard:
    return ModelCard(
        name=f"ds_cnn_{size}",
        builder=f"zoo.models.speech.ds_cnn:ds_cnn_{size}",
        family="ds_cnn",
        modality="speech",
        tasks=_TASKS,
        summary=f"DS-CNN-{size.upper()}: depthwise separable convolutions for small devices.",
        paper="Hello Edge: Keyword Spotting on Microcontrollers",
        arxiv="1711.07128",
        year=2017,
        input_shape=(16_000,),
        num_classes=12,
        tiny_input_shape=(2_400,),
        published_params=params,
        front={  # the authors' own: 49 frames of 10 coefficients for a second
            "sample_rate_hz": 16_000,
            "window_ms": 40.0,
            "hop_ms": 20.0,
            "num_mels": 40,
            "low_hz": 20.0,
            "high_hz": 4_000.0,
            "num_coefficients": 10,
        },
    )


MODELS: tuple[ModelCard, ...] = (
    _ds_cnn("s", params=23_756),
    _ds_cnn("m", params=138_128),
    _ds_cnn("l", params=416_772),
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
        tiny_arguments={"num_filters": 4, "hidden_dim": 3, "num_layers": 1, "features_dim": 5},
        tiny_input_shape=(2_400,),
        front={
            "sample_rate_hz": 16_000,
            "window_ms": 25.0,
            "hop_ms": 10.0,
            "num_mels": 40,
            "low_hz": 20.0,
            "padding": "reflect",
        },
    ),
)
