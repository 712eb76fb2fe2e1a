"""Random changes of single examples, before they are encoded: geometry on images as they are stored.

Small images of the model's size stay in memory and are changed in whole batches
(`zoo.transforms.batches`). This module holds what cannot wait until then: crops of images that are
resized afterwards, and changes that must also move boxes or masks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError
from zoo.regularization import Regularization
from zoo.transforms.geometry import Flip, Geometric, PaddedCrop, RandomResizedCrop, Resize, moved

KNOBS = frozenset({"crop_padding", "crop_min_scale", "flip"})


@final
@dataclass(frozen=True)
class ExampleTransforms:
    """The changes of each example at each visit: `transforms(example, seed)`.

    Attributes:
        columns: of the examples, by name.
        steps: by name of an image column.
    """

    columns: Mapping[str, Column]
    steps: Mapping[str, tuple[Geometric, ...]]

    def __call__(self, example: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Return the changed example; the same seed gives the same changes."""
        return moved(example, self.columns, self.steps, seed=seed)


def example_transforms(
    values: Regularization, *, assets: Assets, features: Mapping[str, Column]
) -> tuple[ExampleTransforms | None, dict[str, frozenset[str]]]:
    """Return what changes examples one by one in training, and which knobs that takes care of.

    Args:
        values: knobs `crop_padding`, `crop_min_scale` and `flip`.
        assets: the fitted columns.
        features: the data's own, whose images may have other sizes than the model's.

    Returns:
        None where nothing must happen before encoding; and, by name of an input, the knobs that the
        changes of batches leave out.

    Raises:
        ArgumentError: auto-augment is on, which would move pixels under boxes or masks.
    """
    columns = assets.columns
    steps: dict[str, tuple[Geometric, ...]] = {}
    done: dict[str, frozenset[str]] = {}
    for name, column in assets.x.items():
        source = column.source or name
        inside = [n for n, other in columns.items() if other.space == source]
        if not column.has_pixels or not (inside or _crops_first(values, column, features, source)):
            continue
        if inside and values.auto_augment:
            raise ArgumentError(
                f"auto_augment={values.auto_augment!r} turns and shears images, but not the "
                f"{', '.join(inside)} in them.",
                expected="'' (off) where examples hold boxes or masks",
                fix="set regularization.auto_augment=''",
            )
        steps[source] = _steps(values, column)
        done[name] = KNOBS
    return (ExampleTransforms(columns, steps) if steps else None), done


def _crops_first(
    values: Regularization, column: Column, features: Mapping[str, Column], source: str
) -> bool:
    """Tell whether a crop must act before resizing: afterwards it would cut a stretched image."""
    resized = source in features and features[source].shape[:2] != column.shape[:2]
    return bool(values.crop_min_scale) and resized


def _steps(values: Regularization, column: Column) -> tuple[Geometric, ...]:
    size = column.shape[:2]
    steps: list[Geometric] = [
        RandomResizedCrop(size, values.crop_min_scale) if values.crop_min_scale else Resize(size)
    ]
    if values.crop_padding:
        steps.append(PaddedCrop(values.crop_padding))
    if values.flip:
        steps.append(Flip())
    return tuple(steps)
