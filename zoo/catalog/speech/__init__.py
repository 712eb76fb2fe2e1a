"""Speech architectures: each file lists families that belong together."""

from zoo.cards import ModelCard
from zoo.catalog.speech import conformer, keywords, speakers, transcription, waveforms, whisper

MODELS: tuple[ModelCard, ...] = (
    *keywords.MODELS,
    *speakers.MODELS,
    *transcription.MODELS,
    *conformer.MODELS,
    *waveforms.MODELS,
    *whisper.MODELS,
)
