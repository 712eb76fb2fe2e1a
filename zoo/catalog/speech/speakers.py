"""Networks that tell voices apart."""

from zoo.cards import FeatureSpec, ModelCard, SoundPreprocessing

_TASKS = ("speaker_identification", "keyword_spotting")


def _ecapa(width: int, *, million: str) -> ModelCard:
    return ModelCard(
        name=f"ecapa_tdnn_c{width}",
        builder="zoo.models.speech.ecapa_tdnn:ecapa_tdnn",
        arguments={"width": width},
        family="ecapa_tdnn",
        modality="speech",
        tasks=_TASKS,
        summary=f"ECAPA-TDNN of {width} channels: {million} million parameters, a voice as a vector.",
        paper="ECAPA-TDNN: Emphasized Channel Attention, Propagation and Aggregation in TDNN Based "
        "Speaker Verification",
        arxiv="2005.07143",
        year=2020,
        input_shape=(48_000,),
        num_classes=10,
        features=(FeatureSpec("frames", 1, 1536), FeatureSpec("pooled", None, 192)),
        head_feature="pooled",
        preprocessing=SoundPreprocessing(
            log_mel={  # theirs takes out each bin's mean alone
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 80,
                "normalization": "utterance",
            }
        ),
        tiny_arguments={
            "width": 16,
            "scale": 4,
            "bottleneck_dim": 4,
            "joined_dim": 12,
            "embedding_dim": 6,
        },
        tiny_input_shape=(2_400,),
    )


MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="ge2e",
        builder="zoo.models.speech.ge2e:ge2e",
        family="ge2e",
        modality="speech",
        tasks=_TASKS,
        summary="GE2E speaker encoder: three LSTM layers, a voice as a vector of length 1.",
        paper="Generalized End-to-End Loss for Speaker Verification",
        arxiv="1710.10467",
        year=2017,
        input_shape=(25_840,),  # 160 frames
        num_classes=10,
        features=(FeatureSpec("frames", 1, 256), FeatureSpec("pooled", None, 256)),
        head_feature="pooled",
        preprocessing=SoundPreprocessing(
            log_mel={  # Resemblyzer's: librosa's mel power, without a logarithm; -30 dB at least
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "fft_size": 400,
                "num_mels": 40,
                "low_hz": 0.0,
                "mel_scale": "slaney",
                "logarithm": False,
                "lowest_rms": 10**-1.5,
            }
        ),
        tiny_arguments={"num_layers": 2, "hidden_dim": 4, "embedding_dim": 6},
        tiny_input_shape=(2_400,),
    ),
    ModelCard(
        name="x_vector",
        builder="zoo.models.speech.x_vector:x_vector",
        family="x_vector",
        modality="speech",
        tasks=_TASKS,
        summary="X-vector: time-delay layers, then mean and deviation over all frames.",
        paper="X-Vectors: Robust DNN Embeddings for Speaker Recognition",
        arxiv="",
        year=2018,
        input_shape=(48_000,),
        num_classes=10,
        features=(FeatureSpec("frames", 1, 1500), FeatureSpec("pooled", None, 512)),
        head_feature="pooled",
        preprocessing=SoundPreprocessing(
            log_mel={  # 24 coefficients, as the paper; theirs takes out the mean of 3 s around
                "sample_rate_hz": 16_000,
                "window_ms": 25.0,
                "hop_ms": 10.0,
                "num_mels": 24,
                "normalization": "utterance",
            }
        ),
        tiny_arguments={
            "widths": (8, 12),
            "kernel_sizes": (5, 3),
            "dilations": (1, 2),
            "embedding_dim": 6,
        },
        tiny_input_shape=(2_400,),
    ),
    _ecapa(512, million="6.2"),
    _ecapa(1024, million="14.7"),
)
