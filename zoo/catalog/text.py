"""Text architectures."""

from zoo.cards import ModelCard

_CLASSIFIERS = ("text_classification",)


def _recurrent(name: str, cell: str, *, arxiv: str, paper: str, year: int) -> ModelCard:
    return ModelCard(
        name=name,
        builder=f"zoo.models.text.rnn:{name}",
        family="rnn",
        modality="text",
        tasks=_CLASSIFIERS,
        summary=f"Bidirectional {cell} over word embeddings, maximum over time.",
        paper=paper,
        arxiv=arxiv,
        year=year,
        input_shape=(64,),
        num_classes=2,
        tiny_arguments={"vocabulary_size": 20, "embedding_dim": 4, "hidden_dim": 3},
        tiny_input_shape=(6,),
    )


def _encoder(size: str, whose: str) -> ModelCard:
    return ModelCard(
        name=f"transformer_encoder_{size}",
        builder=f"zoo.models.text.transformer_encoder:transformer_encoder_{size}",
        family="transformer_encoder",
        modality="text",
        tasks=_CLASSIFIERS,
        summary=f"Pre-norm transformer encoder of {whose}'s size, masked mean; not pretrained.",
        paper="Well-Read Students Learn Better: On the Importance of Pre-training Compact Models",
        arxiv="1908.08962",
        year=2019,
        input_shape=(64,),
        num_classes=2,
        tiny_arguments={"vocabulary_size": 20, "hidden_dim": 8, "num_heads": 2, "num_layers": 1},
        tiny_input_shape=(6,),
    )


def _gpt(size: str, *, where: str, context_length: int, params: int) -> ModelCard:
    return ModelCard(
        name=f"gpt_{size}",
        builder=f"zoo.models.text.gpt:gpt_{size}",
        family="gpt",
        modality="text",
        tasks=("language_modeling",),
        summary=f"GPT-2's form at the size that nanoGPT trains on characters on a {where}.",
        paper="Language Models are Unsupervised Multitask Learners",
        arxiv="",
        year=2019,
        input_shape=(context_length,),
        num_classes=65,
        tiny_arguments={"context_length": 8, "hidden_dim": 8, "num_heads": 2, "num_layers": 1},
        tiny_input_shape=(6,),
        published_params=params,  # nanoGPT's, without biases, positions included
    )


MODELS: tuple[ModelCard, ...] = (
    ModelCard(
        name="textcnn",
        builder="zoo.models.text.textcnn:textcnn",
        family="textcnn",
        modality="text",
        tasks=_CLASSIFIERS,
        summary="Filters of 3, 4 and 5 words over word embeddings, maximum over time.",
        paper="Convolutional Neural Networks for Sentence Classification",
        arxiv="1408.5882",
        year=2014,
        input_shape=(64,),
        num_classes=2,
        tiny_arguments={"vocabulary_size": 20, "embedding_dim": 4, "num_filters": 3},
        tiny_input_shape=(6,),
    ),
    _recurrent(
        "bilstm",
        "LSTM",
        paper="Supervised Learning of Universal Sentence Representations from NLI Data",
        arxiv="1705.02364",
        year=2017,
    ),
    _recurrent(
        "bigru",
        "GRU",
        paper="Learning Phrase Representations using RNN Encoder-Decoder for SMT",
        arxiv="1406.1078",
        year=2014,
    ),
    _encoder("tiny", "BERT-Tiny"),
    _encoder("small", "BERT-Mini"),
    _gpt("nano", where="CPU", context_length=64, params=804_096),
    _gpt("micro", where="GPU", context_length=256, params=10_745_088),
)
