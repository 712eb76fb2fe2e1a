"""Networks that tell voices apart."""

from zoo.cards import FeatureSpec, ModelCard, SoundPreprocessing

MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="ge2e",
        builder="zoo.models.speech.ge2e:ge2e",
        family="ge2e",
        modality="speech",
        tasks=("speaker_identification", "keyword_spotting"),
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
)
