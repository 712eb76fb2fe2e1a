"""Models from elsewhere, behind an explicit flag: loading a .keras file can run code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from zoo.errors import WeightsError


@final
class ForeignModel:
    """An image classifier read from a .keras file, with the `predict` of a run.

    Labels are positions, since the file names no classes; pixels go in as 0–255.
    """

    def __init__(self, model: Any, name: str):
        self.model, self.name = model, name

    def predict(self, inputs: Sequence[Any], *, batch_size: int = 64) -> list[dict[str, Any]]:
        """Predict image files or arrays: one {"file", "task", "predictions"} each."""
        from zoo.data.images import read_image
        from zoo.tasks.image_classification import fit_image

        shape = self.model.input_shape[1:]
        images = [item if isinstance(item, np.ndarray) else read_image(item) for item in inputs]
        x = np.stack([fit_image(image, shape) for image in images]).astype("float32")
        scores = np.asarray(self.model.predict(x, batch_size=batch_size, verbose=0), "float64")
        if (scores < 0).any() or not np.allclose(scores.sum(axis=-1), 1, atol=1e-3):  # logits
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
        return [
            {
                "file": None if isinstance(item, np.ndarray) else str(item),
                "task": "image_classification",
                "predictions": [
                    {"label": str(k), "probability": round(float(row[k]), 6)}
                    for k in np.argsort(-row, kind="stable")[:5]
                ],
            }
            for item, row in zip(inputs, scores, strict=True)
        ]


def load_keras_file(path: str | Path) -> ForeignModel:
    """Load a .keras image classifier that the user says they trust, in Keras' safe mode.

    Raises:
        WeightsError: it is no .keras file of an image classifier.
    """
    from zoo.devices import load_tensorflow

    path = Path(path).expanduser()
    if path.suffix != ".keras" or not path.is_file():
        raise WeightsError(f"{path} is no .keras file.", fix="leave --allow-keras-file out")
    load_tensorflow()
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, TypeError, KeyError) as error:
        # Keras says "File not found" of a truncated archive, so its words are not passed on alone.
        raise WeightsError(
            f"{path} cannot be loaded: it is damaged, or made of layers that are not Keras' own.",
            expected="a whole .keras file, as model.save writes it",
            fix=f"Keras said: {str(error).splitlines()[0][:200]}",
        ) from error
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4 or None in shape[1:]:
        raise WeightsError(f"{path} takes {shape}, not images.", expected="(None, H, W, C)")
    return ForeignModel(model, str(path))
