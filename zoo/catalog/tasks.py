"""Tasks."""

from zoo.cards import TaskCard
from zoo.catalog.metrics import (
    CLASSIFICATION,
    LANGUAGE,
    MULTILABEL,
    PAIRS,
    RECOGNITION,
    REGRESSION,
    RETRIEVAL,
    SEGMENTATION,
    SIMILARITY,
    TRANSCRIPTS,
    VERIFICATION,
)

IMAGE_SIZE = 224  # pixels per side for images that differ in size, where a recipe sets no size

_TEXTS = {
    "tokenizer": "word",
    "vocabulary_size": 20_000,
    "max_tokens": 256,
    "lowercase": True,
    "min_count": 1,
}
_CLIPS = {
    "sample_rate_hz": None,
    "clip_seconds": 1.0,
    "window_ms": 25.0,
    "hop_ms": 10.0,
    "num_mels": 40,
    "low_hz": 20.0,
    "high_hz": None,
    "num_coefficients": 0,
    "normalization": "utterance",
}

# Of tasks with one class for each example.
_CLASSES = {
    "loss": None,
    "focal_gamma": None,
    "logit_tau": None,
    "threshold_goal": None,
    "positive_class": None,
}

_PAIRS = {"encoder": "cross_encoder", **_TEXTS, "max_tokens": 128}

# Of tasks of any input: the model decides which of them apply.
_ANY = {"loss": None, "image_size": None, **_TEXTS, **_CLIPS}
_SEVERAL = {"inputs": None, **_ANY}
_CLASSIFICATIONS = (
    "image_classification",
    "text_classification",
    "keyword_spotting",
    "speaker_identification",
)

TASKS: tuple[TaskCard, ...] = (
    TaskCard(
        name="image_classification",
        task="zoo.tasks.image_classification:ImageClassification",
        modality="image",
        metrics=CLASSIFICATION,
        summary="One label for one image.",
        arguments={"image_size": None, **_CLASSES},
    ),
    TaskCard(
        name="text_classification",
        task="zoo.tasks.text_classification:TextClassification",
        modality="text",
        metrics=CLASSIFICATION,
        summary="One label for one text.",
        arguments={**_TEXTS, **_CLASSES},
        example="TEXT…",
    ),
    TaskCard(
        name="language_modeling",
        task="zoo.tasks.language_modeling:LanguageModeling",
        modality="text",
        metrics=LANGUAGE,
        summary="The next token of a text, and texts written token by token.",
        arguments={"tokenizer": "character", "vocabulary_size": 1024, "context_length": 64},
        command="generate",
        example="--prompt TEXT",
    ),
    TaskCard(
        name="keyword_spotting",
        task="zoo.tasks.keyword_spotting:KeywordSpotting",
        modality="speech",
        metrics=CLASSIFICATION,
        summary="Which of a few words is spoken in a clip.",
        arguments={**_CLIPS, **_CLASSES},
    ),
    TaskCard(
        name="speaker_identification",
        task="zoo.tasks.speaker_identification:SpeakerIdentification",
        modality="speech",
        metrics=CLASSIFICATION,
        summary="Which of the known speakers is heard in a clip.",
        arguments={**_CLIPS, **_CLASSES},
    ),
    TaskCard(
        name="speaker_verification",
        task="zoo.tasks.speaker_verification:SpeakerVerification",
        modality="speech",
        metrics=VERIFICATION,
        summary="Whether recordings are of one person, of whom training need not know.",
        arguments={
            **_CLIPS,
            "clip_seconds": 3.0,
            "loss": None,
            "margin": None,
            "scale": None,
            "clips_per_speaker": None,
        },
        example="--enrol A.wav B.wav --test FILE…",
        models_of=("speaker_identification",),
    ),
    TaskCard(
        name="speech_to_text",
        task="zoo.tasks.speech_to_text:SpeechToText",
        modality="speech",
        metrics=TRANSCRIPTS,
        summary="The words of a recording, written by published weights.",
        trained=False,
    ),
    TaskCard(
        name="speech_recognition",
        task="zoo.tasks.speech_recognition:SpeechRecognition",
        modality="speech",
        metrics=RECOGNITION,
        summary="The words of a recording, by a network that is trained on transcripts (CTC).",
        arguments={
            "tokenizer": "character",
            "vocabulary_size": 1024,
            "max_seconds": 20.0,
            "beam_width": 16,
            "lm_order": 3,
            "lm_weight": None,
            "word_bonus": None,
            "sample_rate_hz": None,
            "window_ms": 25.0,
            "hop_ms": 10.0,
            "num_mels": 80,
            "low_hz": 20.0,
            "high_hz": None,
            "normalization": "utterance",
        },
    ),
    TaskCard(
        name="regression",
        task="zoo.tasks.regression:Regression",
        modality="",
        metrics=REGRESSION,
        summary="One or several numbers for an image, a text or a sound.",
        arguments=_ANY,
        models_of=_CLASSIFICATIONS,
    ),
    TaskCard(
        name="multilabel_classification",
        task="zoo.tasks.multilabel_classification:MultilabelClassification",
        modality="",
        metrics=MULTILABEL,
        summary="Any number of labels for an image, a text or a sound.",
        arguments=_ANY,
        models_of=_CLASSIFICATIONS,
    ),
    TaskCard(
        name="sentence_pairs",
        task="zoo.tasks.sentence_pairs:SentencePairs",
        modality="text",
        metrics=PAIRS,
        summary="One label for two texts: entailment, paraphrase.",
        arguments={**_PAIRS, **_CLASSES},
        example="TABLE.csv",
        models_of=("text_classification",),
    ),
    TaskCard(
        name="sentence_similarity",
        task="zoo.tasks.sentence_similarity:SentenceSimilarity",
        modality="text",
        metrics=SIMILARITY,
        summary="One or several numbers for two texts, such as how alike they are.",
        arguments={**_PAIRS, "loss": None},
        example="TABLE.csv",
        models_of=("text_classification",),
    ),
    TaskCard(
        name="multimodal_classification",
        task="zoo.tasks.multimodal_classification:MultimodalClassification",
        modality="",
        metrics=CLASSIFICATION,
        summary="One label for several inputs, any of which may be absent.",
        arguments={**_SEVERAL, **_CLASSES},
        example="TABLE.csv",
    ),
    TaskCard(
        name="multimodal_regression",
        task="zoo.tasks.multimodal_regression:MultimodalRegression",
        modality="",
        metrics=REGRESSION,
        summary="One or several numbers for several inputs, any of which may be absent.",
        arguments=_SEVERAL,
        example="TABLE.csv",
    ),
    TaskCard(
        name="image_segmentation",
        task="zoo.tasks.image_segmentation:ImageSegmentation",
        modality="image",
        metrics=SEGMENTATION,
        summary="One class for each pixel of an image.",
        arguments={
            "image_size": None,
            "head": "unet",
            "loss": "cross_entropy",
            "normalization": "batch",
        },
        models_of=("image_classification",),
        strides=2,
    ),
    TaskCard(
        name="contrastive_pairs",
        task="zoo.tasks.contrastive_pairs:ContrastivePairs",
        modality="",
        metrics=RETRIEVAL,
        summary="Which inputs belong together: vectors that lie close, for search and new labels.",
        arguments={
            "inputs": None,
            "embedding_dim": 64,
            "temperature": 0.07,
            "image_size": None,
            **_TEXTS,
            **_CLIPS,
        },
        example="TABLE.csv",
    ),
)
