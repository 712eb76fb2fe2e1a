"""Models from elsewhere, behind an explicit flag: loading a .keras file can run code."""

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from recipes.runs.inputs import Item, encoded, items_of
from recipes.runs.listing import Listing
from zoo.columns import Image
from zoo.columns.image import fit_image
from zoo.errors import WeightsError
from zoo.files import as_path

# What Keras lets through of a damaged or changed file, found by cutting files short, flipping bytes
# and editing the configuration.
_REFUSALS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


@final
class ForeignModel:
    """An image classifier read from a .keras file, with the `predict` of a run.

    Labels are positions, since the file names no classes; pixels go in as 0–255.
    """

    def __init__(self, model: Any, name: str):
        self.model, self.name = model, name

    def predict(
        self,
        inputs: Sequence[Any],
        *,
        batch_size: int = 64,
        column: str | None = None,
        keep_going: bool = False,
        top: int | None = None,
        threshold: float | None = None,
    ) -> list[dict[str, Any]]:
        """Predict image files, folders of them, or arrays: one {"file", "task", "predictions"} each.

        Args:
            inputs: paths, or uint8 (H, W, C) arrays.
            batch_size: examples per prediction step.
            keep_going: give a file that cannot be read a result with "error", instead of raising.
            column, top, threshold: as `zoo.predict`.
        """
        listing = Listing(top, threshold)
        found = items_of(inputs, {"image": Image()}, model=self.name, column=column)
        items = encoded(found, self._encoded, keep_going=keep_going)
        rows = iter(self._scores([item for item in items if item.error is None], batch_size))
        return [
            {
                **item.source,
                "task": "image_classification",
                **(
                    listing.of_classes(row := next(rows), [str(k) for k in range(len(row))])
                    if item.error is None
                    else {"predictions": [], "error": item.error.to_dict()}
                ),
            }
            for item in items
        ]

    def _encoded(self, item: Item) -> np.ndarray:
        image = Image().read(item.values["image"])
        return fit_image(image, self.model.input_shape[1:])

    def _scores(self, items: Sequence[Item], batch_size: int) -> np.ndarray:
        """Return probabilities, (N, classes)."""
        if not items:
            return np.zeros((0, 0))
        x = np.stack([item.encoded for item in items]).astype("float32")
        scores = np.asarray(self.model.predict(x, batch_size=batch_size, verbose=0), "float64")
        if (scores < 0).any() or not np.allclose(scores.sum(axis=-1), 1, atol=1e-3):  # logits
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
        return scores


def load_keras_file(path: str | Path) -> ForeignModel:
    """Load a .keras image classifier that the user says they trust, in Keras' safe mode.

    Raises:
        WeightsError: it is not a .keras file of an image classifier.

    >>> load_keras_file("mine.keras").predict(["seven.png"])  # doctest: +SKIP
    """
    from zoo.devices import load_tensorflow

    path = as_path(path)
    if path.suffix != ".keras" or not path.is_file():
        raise WeightsError(f"{path} is not a .keras file.", fix="leave --allow-keras-file out")
    if not zipfile.is_zipfile(path):  # of which Keras says "File not found"
        raise WeightsError(
            f"{path} is damaged or cut short: it is not a zip archive.",
            expected="a whole .keras file, as model.save writes it",
            fix="copy it again from its source, or save the model again",
        )
    load_tensorflow()
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except _REFUSALS as error:
        said = str(error).strip().partition("\n")[0][:200]
        raise WeightsError(
            f"{path} cannot be loaded: {said}",
            expected="a whole .keras file of Keras' own layers, as model.save writes it",
            fix="if it is damaged, copy it again; if its layers are yours, load it in Python",
        ) from error
    _check_image_classifier(model, path)
    return ForeignModel(model, str(path))


def _check_image_classifier(model: Any, path: Path) -> None:
    """Raise WeightsError unless the model maps one image to one row of scores."""
    taken, given = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    takes_images = isinstance(taken, tuple) and len(taken) == 4 and None not in taken[1:]
    if not takes_images or taken[-1] not in (1, 3) or not isinstance(given, tuple):
        wrong = f"takes {taken}"
    elif len(given) != 2 or None in given[1:]:
        wrong = f"gives {given}"
    else:
        return
    raise WeightsError(
        f"{path} {wrong}, so it is not an image classifier.",
        expected="input (None, H, W, 1 or 3) and output (None, classes)",
        fix="use it in Python with keras.saving.load_model",
    )


def refuse_foreign_file(path: Path, name: str) -> None:
    """Raise WeightsError for a model file of another library, which is not loaded by its name alone."""
    if path.suffix in (".keras", ".h5", ".hdf5", ".pkl", ".pt", ".pth"):
        raise WeightsError(
            f"{name} is a foreign model file; loading one can run code.",
            expected="a run directory, a weight name or a recipe name",
            fix="if you trust where it came from: zoo predict FILE.keras … --allow-keras-file"
            if path.suffix == ".keras"
            else "`zoo train` writes run directories that load without running anything",
        )
