"""Small networks that classify texts, trained from random numbers."""

from zoo.cards import FeatureSpec, ModelCard, TextPreprocessing


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
        tasks=("text_classification",),
        summary=summary,
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=(64,),
        num_classes=2,
        features=(FeatureSpec("pooled", None, width),),
        head_feature="pooled",
        preprocessing=TextPreprocessing(),  # the tokenizer comes with the data
        tiny_arguments={"vocabulary_size": 20, "embedding_dim": 4, **tiny},
        tiny_input_shape=(6,),
    )


MODELS: tuple[ModelCard, ...] = (
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
