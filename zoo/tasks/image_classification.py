"""Image classification: one label for one image."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

from zoo.columns import Column, Image
from zoo.columns.assets import column_of
from zoo.errors import ArgumentError
from zoo.regularization import NONE, Regularization
from zoo.tasks.classification import Classification

if TYPE_CHECKING:
    from zoo.data.dataset import Split

LARGEST_SIDE = 4096  # pixels


@final
class ImageClassification(Classification):
    """One of `classes` for an image of shape (H, W, C), values 0–255.

    Args:
        image_size: height and width that images are resized to; None keeps the dataset's own, which
            must then be one for all images (else `IMAGE_SIZE` is taken).
        loss, focal_gamma, logit_tau, threshold_goal, positive_class: as `Classification`.
        regularization: `label_smoothing` and `dropout_rate` act here.
    """

    name = "image_classification"
    model_name = "image_classifier"

    def __init__(
        self,
        *,
        image_size: int | None = None,
        loss: str | None = None,
        focal_gamma: float | None = None,
        logit_tau: float | None = None,
        threshold_goal: str | Mapping[str, Any] | None = None,
        positive_class: str | None = None,
        regularization: Regularization = NONE,
    ):
        super().__init__(
            loss=loss,
            focal_gamma=focal_gamma,
            logit_tau=logit_tau,
            threshold_goal=threshold_goal,
            positive_class=positive_class,
            regularization=regularization,
        )
        if image_size is not None and not (
            isinstance(image_size, int) and 1 <= image_size <= LARGEST_SIDE
        ):
            raise ArgumentError(
                f"image_size={image_size!r} is not a valid image size.",
                expected=f"1 to {LARGEST_SIDE} pixels, or null to keep the data's own",
                fix="set task.arguments.image_size within that range",
            )
        self.image_size = image_size

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        return {"image": column_of(features, Image, "image").sized(self.image_size)}
