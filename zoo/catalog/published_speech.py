"""Weights for speech that others trained: the places named are the authors' own."""

from zoo.cards import HubSource, PretrainedCard, PublishedTexts, UrlSource

_RESEMBLYZER = "https://github.com/resemble-ai/Resemblyzer"


def _whisper(size: str) -> PretrainedCard:
    repo, vocabulary, context = f"openai/whisper-{size}", 51_865, 448
    return PretrainedCard(
        name=f"whisper_{size}.openai",
        model=f"whisper_{size}",
        arguments={"vocabulary_size": vocabulary, "context_length": context},
        sources=(HubSource(repo, "model.safetensors"),),
        texts=PublishedTexts(tokenizer=(HubSource(repo, "tokenizer.json"),), max_tokens=context),
        classes="whisper",
        licence="MIT",
        commercial="yes",
        origin="OpenAI, https://github.com/openai/whisper",
    )


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
    *map(_whisper, ("tiny", "base", "small")),
)
