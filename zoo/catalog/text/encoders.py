"""Encoders of texts: transformers that see all tokens at once."""

from typing import Any

from zoo.cards import FineTuning, ModelCard
from zoo.catalog.text.classifiers import CLASSIFIERS, FITTED, pooled

_WELL_READ = {
    "paper": "Well-Read Students Learn Better: On the Importance of Pre-training Compact Models",
    "arxiv": "1908.08962",
    "year": 2019,
}


def _encoder(
    size: str, whose: str, *, num_layers: int, num_heads: int, hidden_dim: int
) -> ModelCard:
    return ModelCard(
        name=f"transformer_encoder_{size}",
        builder="zoo.models.text.transformer_encoder:transformer_encoder",
        arguments={"num_layers": num_layers, "num_heads": num_heads, "hidden_dim": hidden_dim},
        family="transformer_encoder",
        modality="text",
        tasks=CLASSIFIERS,
        summary=f"Pre-norm transformer encoder of {whose}'s size, masked mean; not pretrained.",
        **_WELL_READ,
        input_shape=(64,),
        num_classes=2,
        **pooled(hidden_dim),
        preprocessing=FITTED,
        tiny_arguments={"vocabulary_size": 20, "hidden_dim": 8, "num_heads": 2, "num_layers": 1},
        tiny_input_shape=(6,),
    )


def _bert(
    name: str,
    summary: str,
    *,
    num_layers: int,
    num_heads: int,
    hidden_dim: int,
    paper: str,
    arxiv: str,
    year: int,
    **arguments: Any,
) -> ModelCard:
    """Return the card of an encoder of BERT's form; `arguments` are more of its builder's."""
    sizes = {"num_layers": num_layers, "num_heads": num_heads, "hidden_dim": hidden_dim}
    return ModelCard(
        name=name,
        builder="zoo.models.text.bert:bert",
        arguments=sizes | arguments,
        family="bert",
        modality="text",
        tasks=CLASSIFIERS,
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=(128,),
        num_classes=2,
        **pooled(hidden_dim),
        preprocessing=FITTED,
        tiny_arguments={"vocabulary_size": 20, "context_length": 8, "hidden_dim": 8}
        | {"num_heads": 2, "num_layers": 1}
        | ({"embedding_dim": 4} if "embedding_dim" in arguments else {}),
        tiny_input_shape=(6,),
        finetuning=FineTuning(1e-4, batch_size=32, epochs=3),
    )


def _minilm(num_layers: int) -> ModelCard:
    return _bert(
        f"minilm_l{num_layers}",
        f"MiniLM of {num_layers} layers, 384 wide with 12 heads, mean over tokens as for sentences.",
        num_layers=num_layers,
        num_heads=12,
        hidden_dim=384,
        pooling="mean",
        paper="MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of "
        "Pre-Trained Transformers",
        arxiv="2002.10957",
        year=2020,
    )


MODELS: tuple[ModelCard, ...] = (
    _encoder("tiny", "BERT-Tiny", num_layers=2, num_heads=2, hidden_dim=128),
    _encoder("small", "BERT-Mini", num_layers=4, num_heads=4, hidden_dim=256),
    _bert("bert_tiny", "BERT-Tiny.", num_layers=2, num_heads=2, hidden_dim=128, **_WELL_READ),
    _bert("bert_mini", "BERT-Mini.", num_layers=4, num_heads=4, hidden_dim=256, **_WELL_READ),
    _bert("bert_small", "BERT-Small.", num_layers=4, num_heads=8, hidden_dim=512, **_WELL_READ),
    _bert("bert_medium", "BERT-Medium.", num_layers=8, num_heads=8, hidden_dim=512, **_WELL_READ),
    _bert(
        "bert_base",
        "BERT-Base, uncased: post-norm encoder, dense layer and tanh on the first token.",
        num_layers=12,
        num_heads=12,
        hidden_dim=768,
        paper="BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        arxiv="1810.04805",
        year=2018,
    ),
    _bert(
        "roberta_base",
        "RoBERTa-Base: BERT-Base with byte pairs, trained longer and without pairs of texts.",
        num_layers=12,
        num_heads=12,
        hidden_dim=768,
        vocabulary_size=50_265,
        num_token_types=1,
        padding_id=1,
        pooling="first",
        epsilon=1e-5,
        paper="RoBERTa: A Robustly Optimized BERT Pretraining Approach",
        arxiv="1907.11692",
        year=2019,
    ),
    _bert(
        "distilbert_base",
        "DistilBERT: every second layer of BERT-Base, no types of tokens, no pooler.",
        num_layers=6,
        num_heads=12,
        hidden_dim=768,
        num_token_types=0,
        pooling="first",
        paper="DistilBERT, a distilled version of BERT: smaller, faster, cheaper and lighter",
        arxiv="1910.01108",
        year=2019,
    ),
    _bert(
        "electra_small",
        "ELECTRA-Small's discriminator: 12 narrow layers over embeddings of 128 numbers.",
        num_layers=12,
        num_heads=4,
        hidden_dim=256,
        embedding_dim=128,
        pooling="first",
        paper="ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators",
        arxiv="2003.10555",
        year=2020,
    ),
    _minilm(6),
    _minilm(12),
)
