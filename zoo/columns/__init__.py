"""Columns: what one column of examples is, as an input or as a target; one type per file."""

from zoo.columns.audio import Audio
from zoo.columns.base import Column, Spec, is_presence
from zoo.columns.boxes import Boxes
from zoo.columns.content import Content
from zoo.columns.group import Group
from zoo.columns.identity import Identity
from zoo.columns.image import Image
from zoo.columns.label import Label
from zoo.columns.labels import Labels
from zoo.columns.mask import Mask
from zoo.columns.number import Number
from zoo.columns.text import Text
from zoo.columns.transcript import Transcript
from zoo.columns.vector import Vector
from zoo.columns.weight import WEIGHT, Weight

__all__ = [
    "WEIGHT",
    "Audio",
    "Boxes",
    "Column",
    "Content",
    "Group",
    "Identity",
    "Image",
    "Label",
    "Labels",
    "Mask",
    "Number",
    "Spec",
    "Text",
    "Transcript",
    "Vector",
    "Weight",
    "is_presence",
]
