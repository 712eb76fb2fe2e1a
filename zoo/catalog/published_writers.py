"""Weights of language models that others trained: the places named are the authors' own.

Places and licences were written down without fetching them, and the map is tested on random numbers;
none is measured again here. The figure is the
share of last words of LAMBADA that are right, zero-shot (Radford et al. 2019, Table 3).
"""

from typing import Any

from zoo.cards import HubSource, PretrainedCard, PublishedTexts

_PAPER = "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf"


def _writer(
    name: str,
    repo: str,
    *,
    max_tokens: int,
    value: float | None = None,
    licence: str = "MIT",
    origin: str = "OpenAI, https://github.com/openai/gpt-2",
    **arguments: Any,
) -> PretrainedCard:
    """Return the card of a language model; `value` is the figure on LAMBADA."""
    stated = {"metric": "accuracy", "value": value, "data": "lambada", "stated_at": _PAPER}
    return PretrainedCard(
        name=name,
        model=name.partition(".")[0],
        arguments=arguments,
        sources=(HubSource(repo, "model.safetensors"),),
        texts=PublishedTexts(tokenizer=(HubSource(repo, "tokenizer.json"),), max_tokens=max_tokens),
        classes="none",
        licence=licence,
        commercial="yes",
        origin=origin,
        **(stated if value is not None else {}),
    )


def _gpt2(name: str, repo: str, **facts: Any) -> PretrainedCard:
    """Return the card of a network of GPT-2's vocabulary and context."""
    return _writer(
        name, repo, max_tokens=1024, vocabulary_size=50_257, context_length=1024, **facts
    )


def _smollm(name: str, repo: str, *, max_tokens: int, **arguments: Any) -> PretrainedCard:
    """Return the card of a network of SmolLM's vocabulary, which has no table of positions."""
    return _writer(
        name,
        repo,
        max_tokens=max_tokens,
        licence="Apache-2.0",
        origin=f"Hugging Face, https://huggingface.co/{repo}",
        vocabulary_size=49_152,
        **arguments,
    )


LANGUAGE_MODELS: tuple[PretrainedCard, ...] = (
    _gpt2("gpt2.openai", "openai-community/gpt2", value=0.4599),
    _gpt2("gpt2_medium.openai", "openai-community/gpt2-medium", value=0.5548),
    _gpt2("gpt2_large.openai", "openai-community/gpt2-large", value=0.6012),
    _gpt2(
        "distilgpt2.distilbert",
        "distilbert/distilgpt2",
        licence="Apache-2.0",
        origin="Hugging Face, https://huggingface.co/distilbert/distilgpt2",
    ),
    _smollm("smollm2_135m.huggingface", "HuggingFaceTB/SmolLM2-135M", max_tokens=8192),
    _smollm(
        "smollm2_135m.first_generation",
        "HuggingFaceTB/SmolLM-135M",
        max_tokens=2048,
        rotary_base=10_000.0,
    ),
)
