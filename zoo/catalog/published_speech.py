"""Weights for speech that others trained: the places named are the authors' own."""

from zoo.cards import PretrainedCard, UrlSource

_RESEMBLYZER = "https://github.com/resemble-ai/Resemblyzer"

PUBLISHED_SPEECH: tuple[PretrainedCard, ...] = (
    PretrainedCard(
        name="ge2e.resemblyzer",
        model="ge2e",
        sources=(UrlSource(f"{_RESEMBLYZER}/raw/master/resemblyzer/pretrained.pt"),),
        classes="none",
        licence="Apache-2.0",
        commercial="yes",
        origin=f"Resemble AI, {_RESEMBLYZER}",
    ),
)
