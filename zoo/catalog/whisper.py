"""Whisper (2212.04356): the architecture at three of its sizes, and what it hears."""

from typing import Any

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
