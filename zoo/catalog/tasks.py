"""Tasks."""

from zoo.cards import TaskCard

TASKS: tuple[TaskCard, ...] = (
    TaskCard(
        name="image_classification",
        task="zoo.tasks.image_classification:ImageClassification",
        modality="image",
        metric="accuracy",
        summary="One label for one image.",
    ),
)
