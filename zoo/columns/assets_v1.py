"""Assets as kerazoo 0.1.0 wrote them, to columns: one input, tensors without a type."""

from collections.abc import Mapping
from typing import Any

from zoo.columns.audio import Audio
from zoo.columns.base import Column, Spec
from zoo.columns.image import Image
from zoo.columns.label import Label
from zoo.columns.number import Number
from zoo.columns.text import Text
from zoo.columns.vector import Vector

Columns = dict[str, Column]


def converted(values: Mapping[str, Any]) -> tuple[Columns, Columns, dict[str, Any]]:
    """Return `x`, `y` and `extra` of `zoo.columns.assets.Assets`.

    Args:
        values: with "x" and "y" (name to shape, dtype, padding, buckets), "classes", "sizes" and
            "extra", which held tokenizer and front end.
    """
    classes, extra = tuple(values["classes"]), dict(values["extra"])
    sizes = dict(values.get("sizes", {}))
    known = {
        "tokenizer": extra.pop("tokenizer", {}),
        "front": extra.pop("front", {}),
        "data_rate_hz": extra.pop("data_rate_hz", 0),
    }
    preprocessing = extra.pop("preprocessing", {})
    x = {
        name: _input(name, _spec(item), known, sizes).preprocessed(preprocessing.get(name, {}))
        for name, item in values["x"].items()
    }
    y = {name: _target(name, _spec(item), x, classes) for name, item in values["y"].items()}
    if classes and not any(isinstance(column, Label) for column in y.values()):
        y["label"] = Label(classes)
    return x, y, extra


def _spec(item: Mapping[str, Any]) -> Spec:
    return Spec(tuple(item["shape"]), item["dtype"], item["padding"], tuple(item["buckets"]))


def _input(name: str, spec: Spec, known: Mapping[str, Any], sizes: Mapping[str, int]) -> Column:
    if name == "image" and len(spec.shape) == 3 and spec.dtype == "uint8":
        return Image(spec.shape, source="image")
    if name == "audio" and len(spec.shape) == 1:
        front = known["front"]
        rate = front.get("sample_rate_hz", 0)
        own = {"log_mel": front} if front else {}
        return Audio(rate, spec.shape[0], known["data_rate_hz"], own, source="audio")
    if name == "ids":
        length = sizes.get("context_length", 0)
        return Text(known["tokenizer"], length, spec.buckets, source="text")
    return Vector.of(spec)


def _target(name: str, spec: Spec, x: Columns, classes: tuple[str, ...]) -> Column:
    if name == "label" and spec == Spec((), "int64"):
        return Label(classes)
    if name == "ids" and "ids" in x:
        return Text(buckets=spec.buckets)
    if name == "characters":
        return Number()
    return Vector.of(spec)
