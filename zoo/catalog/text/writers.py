"""Language models."""

from typing import Any

from zoo.cards import FeatureSpec, ModelCard
from zoo.catalog.text.classifiers import FITTED


def _card(
    name: str,
    *,
    builder: str,
    arguments: dict[str, Any],
    summary: str,
    paper: str,
    arxiv: str,
    year: int,
    context_length: int,
    vocabulary_size: int,
    width: int,
    tiny: dict[str, Any],
) -> ModelCard:
    """Return the card of a network that gives a vector and logits for each token."""
    return ModelCard(
        name=name,
        builder=builder,
        arguments=arguments,
        family=builder.rpartition(":")[2],
        modality="text",
        tasks=("language_modeling",),
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=(context_length,),
        num_classes=vocabulary_size,
        features=(FeatureSpec("tokens", 1, width), FeatureSpec("logits", 1, vocabulary_size)),
        head_feature="logits",
        preprocessing=FITTED,
        tiny_arguments=tiny,
        tiny_input_shape=(6,),
    )


def _gpt2(
    name: str,
    summary: str,
    *,
    num_layers: int,
    num_heads: int,
    hidden_dim: int,
    paper: str = "Language Models are Unsupervised Multitask Learners",
    arxiv: str = "",
) -> ModelCard:
    """Return the card of a network of GPT-2's form, over its 50,257 byte pairs."""
    arguments = {
        "context_length": 1024,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "hidden_dim": hidden_dim,
        "use_bias": True,
        "activation": "gelu_tanh",
    }
    return _card(
        name,
        builder="zoo.models.text.gpt:gpt",
        arguments=arguments,
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=2019,
        context_length=1024,
        vocabulary_size=50_257,
        width=hidden_dim,
        tiny={"context_length": 8, "hidden_dim": 8, "num_heads": 2, "num_layers": 1},
    )


def _llama(
    name: str,
    summary: str,
    *,
    context_length: int,
    vocabulary_size: int,
    year: int = 2023,
    paper: str = "LLaMA: Open and Efficient Foundation Language Models",
    arxiv: str = "2302.13971",
    **arguments: Any,
) -> ModelCard:
    """Return the card of a network of Llama's form; `arguments` are its builder's."""
    tiny = {"hidden_dim": 8, "num_heads": 2, "num_key_value_heads": 1, "num_layers": 1}
    return _card(
        name,
        builder="zoo.models.text.llama:llama",
        arguments=arguments,
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=year,
        context_length=context_length,
        vocabulary_size=vocabulary_size,
        width=arguments["hidden_dim"],
        tiny=tiny | {"feed_forward_dim": 12},
    )


def _gpt(
    size: str,
    *,
    where: str,
    context_length: int,
    num_layers: int,
    num_heads: int,
    hidden_dim: int,
    params: int,
) -> ModelCard:
    return ModelCard(
        name=f"gpt_{size}",
        builder="zoo.models.text.gpt:gpt",
        arguments={
            "context_length": context_length,
            "num_layers": num_layers,
            "num_heads": num_heads,
            "hidden_dim": hidden_dim,
        },
        family="gpt",
        modality="text",
        tasks=("language_modeling",),
        summary=f"GPT-2's architecture at the size that nanoGPT trains on characters on a {where}.",
        paper="Language Models are Unsupervised Multitask Learners",
        arxiv="",
        year=2019,
        input_shape=(context_length,),
        num_classes=65,
        features=(FeatureSpec("tokens", 1, hidden_dim), FeatureSpec("logits", 1, 65)),
        head_feature="logits",  # one matrix embeds and predicts, so it belongs to the backbone
        preprocessing=FITTED,
        tiny_arguments={"context_length": 8, "hidden_dim": 8, "num_heads": 2, "num_layers": 1},
        tiny_input_shape=(6,),
        published_params=params,  # nanoGPT's, without biases, positions included
    )


MODELS: tuple[ModelCard, ...] = (
    _gpt(
        "nano",
        where="CPU",
        context_length=64,
        num_layers=4,
        num_heads=4,
        hidden_dim=128,
        params=804_096,
    ),
    _gpt(
        "micro",
        where="GPU",
        context_length=256,
        num_layers=6,
        num_heads=6,
        hidden_dim=384,
        params=10_745_088,
    ),
    _gpt2("gpt2", "GPT-2, the smallest.", num_layers=12, num_heads=12, hidden_dim=768),
    _gpt2("gpt2_medium", "GPT-2, medium.", num_layers=24, num_heads=16, hidden_dim=1024),
    _gpt2("gpt2_large", "GPT-2, large.", num_layers=36, num_heads=20, hidden_dim=1280),
    _gpt2(
        "distilgpt2",
        "The smallest GPT-2 distilled to half of its layers.",
        num_layers=6,
        num_heads=12,
        hidden_dim=768,
        paper="DistilBERT, a distilled version of BERT: smaller, faster, cheaper and lighter",
        arxiv="1910.01108",
    ),
    _llama(
        "llama_nano",
        "Llama's form at about the size of gpt_nano: rotary positions, gated layers, shared keys.",
        context_length=64,
        vocabulary_size=65,
        num_layers=4,
        num_heads=4,
        num_key_value_heads=2,
        hidden_dim=128,
        feed_forward_dim=352,
    ),
    _llama(
        "llama_micro",
        "Llama's form at about the size of gpt_micro.",
        context_length=256,
        vocabulary_size=65,
        num_layers=6,
        num_heads=6,
        num_key_value_heads=2,
        hidden_dim=384,
        feed_forward_dim=1024,
    ),
    _llama(
        "smollm2_135m",
        "SmolLM2 of 135 million parameters: thirty narrow layers, three heads to each pair of keys.",
        context_length=8192,
        vocabulary_size=49_152,
        paper="SmolLM2: When Smol Goes Big, Data-Centric Training of a Small Language Model",
        arxiv="2502.02737",
        year=2025,
        num_layers=30,
        num_heads=9,
        num_key_value_heads=3,
        hidden_dim=576,
        feed_forward_dim=1536,
        rotary_base=100_000.0,
    ),
    _llama(
        "tinyllama_1b",
        "TinyLlama of 1.1 billion parameters, with a matrix of its own for the logits.",
        context_length=2048,
        vocabulary_size=32_000,
        paper="TinyLlama: An Open-Source Small Language Model",
        arxiv="2401.02385",
        year=2024,
        num_layers=22,
        num_heads=32,
        num_key_value_heads=4,
        hidden_dim=2048,
        feed_forward_dim=5632,
        tied=False,
    ),
    _card(
        "awd_lstm",
        builder="zoo.models.text.awd_lstm:awd_lstm",
        arguments={
            "weight_dropout_rate": 0.5,
            "token_dropout_rate": 0.1,
            "embedding_dropout_rate": 0.4,
            "layer_dropout_rate": 0.25,
            "output_dropout_rate": 0.4,
        },
        summary="Three LSTM layers with dropped recurrent weights; one matrix embeds and predicts.",
        paper="Regularizing and Optimizing LSTM Language Models",
        arxiv="1708.02182",
        year=2017,
        context_length=70,
        vocabulary_size=10_000,
        width=400,
        tiny={"embedding_dim": 6, "hidden_dim": 8, "num_layers": 2},
    ),
)
