"""Whisper (2212.04356): the architecture at three of its sizes, and what it hears."""

from typing import Any

from zoo.cards import FeatureSpec, ModelCard, SoundPreprocessing

LOG_MEL: dict[str, Any] = {  # §2.2: 80 bins, windows of 25 ms, one every 10 ms
    "sample_rate_hz": 16_000,
    "window_ms": 25.0,
    "hop_ms": 10.0,
    "fft_size": 400,
    "num_mels": 80,
    "low_hz": 0.0,
    "mel_scale": "slaney",
    "log_floor": 1e-10,
    "padding": "reflect_cut",
    "normalization": "peak",
}


def _whisper(
    size: str, *, params: int, num_layers: int, num_heads: int, hidden_dim: int
) -> ModelCard:
    return ModelCard(
        name=f"whisper_{size}",
        builder="zoo.models.speech.whisper:whisper",
        arguments={"num_layers": num_layers, "num_heads": num_heads, "hidden_dim": hidden_dim},
        family="whisper",
        modality="speech",
        tasks=("speech_to_text",),
        summary=f"Whisper {size}: hears half a minute, and writes it in one of 99 languages.",
        paper="Robust Speech Recognition via Large-Scale Weak Supervision",
        arxiv="2212.04356",
        year=2022,
        input_shape=(480_000,),
        num_classes=51_865,
        features=(
            FeatureSpec("frames", 2, hidden_dim, of="audio"),
            FeatureSpec("tokens", 1, hidden_dim, of="ids"),
            FeatureSpec("logits", 1, 51_865, of="ids"),
        ),
        head_feature="logits",  # one matrix embeds and predicts, so it belongs to the backbone
        preprocessing={"audio": SoundPreprocessing(log_mel=LOG_MEL)},
        tiny_arguments={
            "num_layers": 1,
            "num_heads": 2,
            "hidden_dim": 8,
            "context_length": 8,
        },
        tiny_input_shape=(3_200,),
        published_params=params,
    )


# Table 1 of the paper; the counts are those of transformers' WhisperModel, sinusoids included.
MODELS: tuple[ModelCard, ...] = (
    _whisper("tiny", params=37_760_640, num_layers=4, num_heads=6, hidden_dim=384),
    _whisper("base", params=72_593_920, num_layers=6, num_heads=8, hidden_dim=512),
    _whisper("small", params=241_734_912, num_layers=12, num_heads=12, hidden_dim=768),
)
