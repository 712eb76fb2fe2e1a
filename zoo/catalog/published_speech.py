"""Weights for speech that others trained: the places named are the authors' own.

Files, licences and figures of wav2vec 2.0 are those that its pages on the Hub listed; its files were not
fetched, its map is tested on random numbers, and its figure was not measured again here. The numbers in
Silero's safetensors file are others than those in the ONNX and TorchScript files beside it (6.2.3).
"""

from zoo.cards import HubSource, PretrainedCard, PublishedTexts, UrlSource

_SILERO = "https://github.com/snakers4/silero-vad"
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


def _wav2vec2(name: str, repo: str, file: str, *, error_rate: float | None) -> PretrainedCard:
    """Return the card of an encoder; `error_rate` is that of its CTC head, which is left out."""
    stated = {
        "metric": "wer",
        "value": error_rate,
        "data": "librispeech_test_clean",
        "stated_at": f"https://huggingface.co/{repo}",
    }
    return PretrainedCard(
        name=f"wav2vec2_base.{name}",
        model="wav2vec2_base",
        sources=(HubSource(repo, file),),
        classes="none",
        licence="Apache-2.0",
        commercial="yes",
        origin="Facebook AI, https://github.com/facebookresearch/fairseq",
        **(stated if error_rate is not None else {}),
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
    _wav2vec2("facebook", "facebook/wav2vec2-base", "pytorch_model.bin", error_rate=None),
    _wav2vec2(
        "facebook_960h", "facebook/wav2vec2-base-960h", "model.safetensors", error_rate=0.034
    ),
    PretrainedCard(
        name="silero_vad_16k.silero",
        model="silero_vad_16k",
        sources=(
            UrlSource(
                f"{_SILERO}/raw/d5b52843f79c97810940534f3433e162470af83d/src/silero_vad/data/"
                "silero_vad_16k.safetensors",
                sha256="c59271c284ae9c8335d795d60e0bfdb71aaaceec578d9bd9ffc1b8153c319ea1",
            ),
        ),
        classes="none",
        licence="MIT",
        commercial="yes",
        origin=f"Silero Team, {_SILERO}",
    ),
)
