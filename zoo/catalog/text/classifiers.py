"""Small networks that classify texts, trained from random numbers."""

from typing import Any

from zoo.cards import FeatureSpec, ModelCard, TextPreprocessing

CLASSIFIERS = ("text_classification",)
FITTED = TextPreprocessing()  # the tokenizer comes with the data


def _card(
    name: str,
    *,
    builder: str,
    width: int,
    summary: str,
    paper: str,
    arxiv: str,
    year: int,
    **tiny: int,
) -> ModelCard:
    """Return the card of a network with one pooled feature; `tiny` are its tiny arguments."""
    return ModelCard(
        name=name,
        builder=builder,
        family=name,
        modality="text",
        tasks=CLASSIFIERS,
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=(64,),
        num_classes=2,
        features=(FeatureSpec("pooled", None, width),),
        head_feature="pooled",
        preprocessing=FITTED,
        tiny_arguments={"vocabulary_size": 20, "embedding_dim": 4, **tiny},
        tiny_input_shape=(6,),
    )


def pooled(width: int) -> dict[str, Any]:
    """Return the features of a network that pools over its tokens, and which of them a head takes."""
    features = (FeatureSpec("tokens", 1, width), FeatureSpec("pooled", None, width))
    return {"features": features, "head_feature": "pooled"}


def _recurrent(cell: str, *, arxiv: str, paper: str, year: int) -> ModelCard:
    return ModelCard(
        name=f"bi{cell}",
        builder="zoo.models.text.rnn:rnn",
        arguments={"cell": cell},
        family="rnn",
        modality="text",
        tasks=CLASSIFIERS,
        summary=f"Bidirectional {cell.upper()} over word embeddings, maximum over time.",
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=(64,),
        num_classes=2,
        **pooled(256),
        preprocessing=FITTED,
        tiny_arguments={"vocabulary_size": 20, "embedding_dim": 4, "hidden_dim": 3},
        tiny_input_shape=(6,),
    )


MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="textcnn",
        builder="zoo.models.text.textcnn:textcnn",
        family="textcnn",
        modality="text",
        tasks=CLASSIFIERS,
        summary="Filters of 3, 4 and 5 words over word embeddings, maximum over time.",
        paper="Convolutional Neural Networks for Sentence Classification",
        arxiv="1408.5882",
        year=2014,
        input_shape=(64,),
        num_classes=2,
        features=(FeatureSpec("pooled", None, 300),),
        head_feature="pooled",
        preprocessing=FITTED,
        tiny_arguments={"vocabulary_size": 20, "embedding_dim": 4, "num_filters": 3},
        tiny_input_shape=(6,),
    ),
    _recurrent(
        "lstm",
        paper="Supervised Learning of Universal Sentence Representations from NLI Data",
        arxiv="1705.02364",
        year=2017,
    ),
    _recurrent(
        "gru",
        paper="Learning Phrase Representations using RNN Encoder-Decoder for SMT",
        arxiv="1406.1078",
        year=2014,
    ),
    _card(
        "fasttext",
        builder="zoo.models.text.fasttext:fasttext",
        width=10,
        summary="Mean of the vectors of words and hashed word pairs, under a linear head.",
        paper="Bag of Tricks for Efficient Text Classification",
        arxiv="1607.01759",
        year=2016,
        num_buckets=13,
    ),
    _card(
        "dan",
        builder="zoo.models.text.dan:dan",
        width=300,
        summary="Deep averaging network: three dense layers over the mean of word vectors.",
        paper="Deep Unordered Composition Rivals Syntactic Methods for Text Classification",
        arxiv="",
        year=2015,
        hidden_dim=5,
        num_layers=2,
    ),
    _card(
        "dpcnn",
        builder="zoo.models.text.dpcnn:dpcnn",
        width=250,
        summary="Deep pyramid CNN: seven pairs of convolutions, the text halved before each pair.",
        paper="Deep Pyramid Convolutional Neural Networks for Text Categorization",
        arxiv="",
        year=2017,
        num_filters=3,
        num_blocks=2,
    ),
)
