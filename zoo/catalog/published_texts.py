"""Weights of text encoders that others trained: the places named are the authors' own.

Only the files of minilm_l6.all_v2 were read here. The places, licences and poolings of the others were
written down without fetching them (those of bge and paraphrase_v2 as copies of their pages have them),
and their maps are tested on random numbers. They have no head;
sentence encoders give a vector of length 1.
"""

from typing import Any

from zoo.cards import HubSource, PretrainedCard, PublishedTexts

_ARGUMENTS = {"vocabulary_size": 30_522, "context_length": 512}
_COMMERCIAL = {"Apache-2.0": "yes", "MIT": "yes"}


def _encoder(
    name: str,
    repo: str,
    origin: str,
    *,
    licence: str = "Apache-2.0",
    file: str = "model.safetensors",
    tokenizer: str = "tokenizer.json",
    max_tokens: int = 512,
    revision: str = "main",
    digests: tuple[str | None, str | None] = (None, None),
    stated: tuple[float, str] | None = None,
    measured: dict[str, Any] | None = None,
    **arguments: Any,
) -> PretrainedCard:
    """Return the card of an encoder.

    Args:
        name, repo: of the card, and of the repository on the Hub.
        origin: who trained the weights, and a URL.
        licence, file, tokenizer, revision: as the repository states and names them.
        max_tokens: of a text.
        digests: SHA-256 of both files, where they are known.
        stated: Spearman's correlation on the test set of STS-B, and where it is stated.
        measured: of the same figure, by this project.
        **arguments: of the builder, over those of all encoders here.
    """
    of_weights, of_tokenizer = digests
    value, stated_at = stated or (None, None)
    return PretrainedCard(
        name=name,
        model=name.partition(".")[0],
        arguments=_ARGUMENTS | arguments,
        sources=(HubSource(repo, file, revision, of_weights),),
        texts=PublishedTexts(
            tokenizer=(HubSource(repo, tokenizer, revision, of_tokenizer),), max_tokens=max_tokens
        ),
        classes="none",
        licence=licence,
        commercial=_COMMERCIAL[licence],
        origin=origin,
        metric="spearman" if stated else None,
        value=value,
        data="stsb" if stated else None,
        stated_at=stated_at,
        measured=measured,
    )


def _miniature(name: str, *, layers: int, width: int) -> PretrainedCard:
    return _encoder(
        f"{name}.google_uncased",
        f"google/bert_uncased_L-{layers}_H-{width}_A-{width // 64}",
        "Google, https://github.com/google-research/bert",
        file="pytorch_model.bin",
        tokenizer="vocab.txt",
    )


_SENTENCE_TRANSFORMERS = "sentence-transformers, https://www.sbert.net"
_BAAI = "BAAI, https://github.com/FlagOpen/FlagEmbedding"
_DAMO = "Alibaba DAMO Academy, https://huggingface.co/thenlper/gte-small"
_MTEB = "https://github.com/embeddings-benchmark/results"  # cosine_spearman of STSBenchmark.json

TEXT_ENCODERS: tuple[PretrainedCard, ...] = (
    _encoder(
        "minilm_l6.all_v2",
        "sentence-transformers/all-MiniLM-L6-v2",
        _SENTENCE_TRANSFORMERS,
        max_tokens=256,
        revision="1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
        digests=(
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
        stated=(0.8203, _MTEB),
        measured={
            "value": 0.8203,
            "low": 0.798,
            "high": 0.842,
            "on": "STS-B's 1,379 test pairs",
            "here": "python benchmarks/minilm.py --only stsb",
        },
        normalized=True,
    ),
    _encoder(
        "minilm_l6.paraphrase_v2",
        "sentence-transformers/paraphrase-MiniLM-L6-v2",
        _SENTENCE_TRANSFORMERS,
        file="pytorch_model.bin",
        max_tokens=128,
    ),
    _encoder(
        "minilm_l6.nreimers_uncased",
        "nreimers/MiniLM-L6-H384-uncased",
        "Nils Reimers, every second layer of Microsoft's, https://huggingface.co/nreimers/MiniLM-L6-H384-uncased",
        licence="MIT",
        file="pytorch_model.bin",
    ),
    _encoder(
        "minilm_l12.all_v2",
        "sentence-transformers/all-MiniLM-L12-v2",
        _SENTENCE_TRANSFORMERS,
        max_tokens=128,
        stated=(0.8309, _MTEB),
        normalized=True,
    ),
    _encoder(
        "minilm_l12.microsoft_uncased",
        "microsoft/MiniLM-L12-H384-uncased",
        "Microsoft, https://github.com/microsoft/unilm/tree/master/minilm",
        licence="MIT",
        file="pytorch_model.bin",
        tokenizer="vocab.txt",
    ),
    _encoder(
        "minilm_l12.bge_small_en",
        "BAAI/bge-small-en",
        _BAAI,
        licence="MIT",
        pooling="first",
        normalized=True,
    ),
    _encoder(
        "minilm_l12.bge_small_en_v15",
        "BAAI/bge-small-en-v1.5",
        _BAAI,
        licence="MIT",
        stated=(0.8586, _MTEB),
        pooling="first",
        normalized=True,
    ),
    _encoder(
        "minilm_l12.gte_small",
        "thenlper/gte-small",
        _DAMO,
        licence="MIT",
        normalized=True,
    ),
    _miniature("bert_tiny", layers=2, width=128),
    _miniature("bert_mini", layers=4, width=256),
    _miniature("bert_small", layers=4, width=512),
    _miniature("bert_medium", layers=8, width=512),
    _encoder(
        "bert_base.google_uncased",
        "google-bert/bert-base-uncased",
        "Google, https://github.com/google-research/bert",
    ),
    _encoder(
        "bert_base.google_cased",
        "google-bert/bert-base-cased",
        "Google, https://github.com/google-research/bert",
        vocabulary_size=28_996,
    ),
    _encoder(
        "bert_base.gte_base",
        "thenlper/gte-base",
        _DAMO,
        licence="MIT",
        stated=(0.8573, _MTEB),
        normalized=True,
    ),
    _encoder(
        "bert_base.bge_base_en_v15",
        "BAAI/bge-base-en-v1.5",
        _BAAI,
        licence="MIT",
        stated=(0.8642, _MTEB),
        pooling="first",
        normalized=True,
    ),
    _encoder(
        "roberta_base.fairseq",
        "FacebookAI/roberta-base",
        "Meta AI, https://github.com/facebookresearch/fairseq/tree/main/examples/roberta",
        licence="MIT",
        vocabulary_size=50_265,
    ),
    _encoder(
        "distilbert_base.hf_uncased",
        "distilbert/distilbert-base-uncased",
        "Hugging Face, https://huggingface.co/distilbert/distilbert-base-uncased",
    ),
    _encoder(
        "distilbert_base.hf_cased",
        "distilbert/distilbert-base-cased",
        "Hugging Face, https://huggingface.co/distilbert/distilbert-base-cased",
        vocabulary_size=28_996,
    ),
    _encoder(
        "electra_small.google_discriminator",
        "google/electra-small-discriminator",
        "Google, https://github.com/google-research/electra",
        file="pytorch_model.bin",
    ),
)
