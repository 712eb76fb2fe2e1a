"""What an example looks like in a report: a picture or a piece of text."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Shown = np.ndarray | str  # uint8 image (H, W, C), or text
LONGEST_TEXT = 400  # characters that are shown of a text


def shown(example: Mapping[str, Any], *, sample_rate_hz: int = 0) -> Shown:
    """Return a picture of an image or a clip, or the beginning of a text.

    Args:
        example: as a dataset gives it.
        sample_rate_hz: of audio.
    """
    if "image" in example:
        return np.asarray(example["image"])
    if "audio" in example:
        from recipes.report.pictures import audio_picture

        return audio_picture(np.asarray(example["audio"]), sample_rate_hz=sample_rate_hz)
    return shortened(str(example["text"]))


def shown_input(x: Mapping[str, Any], *, extra: Mapping[str, Any]) -> Shown:
    """Return a picture or text of one example as the model takes it, augmentation included.

    Args:
        x: input name to array, without the batch axis.
        extra: of the assets; holds the tokenizer or the front end's sample rate.
    """
    if "image" in x:
        return np.clip(np.asarray(x["image"]), 0, 255).astype("uint8")
    if "audio" in x:
        rate = extra["front"]["sample_rate_hz"]
        return shown({"audio": np.clip(np.asarray(x["audio"]), -1, 1)}, sample_rate_hz=rate)
    from zoo.tokenizers import load_tokenizer

    ids = np.asarray(x["ids"])
    return shortened(load_tokenizer(extra["tokenizer"]).decode(ids[ids != 0]))


def shortened(text: str) -> str:
    """Cut a text to what a report shows."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
