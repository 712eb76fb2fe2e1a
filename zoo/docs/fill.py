"""Which pages have generated parts, and how these are put in."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

from zoo.docs import agreement, commands, fields, measured, notebook, python_reference, tables

ROOT = Path(__file__).parents[2]
PLACE = re.compile(r"<!-- generated: (\w+) -->\n.*?<!-- end -->", re.DOTALL)

MAKERS: dict[str, Callable[[], str]] = {
    "families": tables.families,
    "models": tables.models,
    "pretrained": tables.pretrained,
    "measured_here": agreement.measured_here,
    "model_arguments": tables.model_arguments,
    "datasets": tables.datasets,
    "dataset_details": tables.dataset_details,
    "tasks": tables.tasks,
    "recipes": tables.recipes,
    "recipe_details": tables.recipe_details,
    "weights": tables.weights,
    "temperatures": tables.temperatures,
    "fields": fields.recipe_fields,
    "optimizers": fields.optimizers,
    "presets": fields.presets,
    "preset_rules": fields.preset_rules,
    "commands": commands.commands,
    "public_names": python_reference.public_names,
    "returned_classes": python_reference.returned_classes,
    "tour": notebook.as_markdown,
} | {
    f"measured_{name}": functools.partial(measured.measured, name)
    for name in (
        "auto_preset",
        "batch_size",
        "fine_tuning",
        "groups",
        "imbalance",
        "learning_curve",
        "leave_one_speaker_out",
        "optimizers",
        "presets",
        "regularizers",
        "replicas",
        "shift_presets",
        "simple_models",
        "speakers",
        "ten_fold",
        "unimodal_bias",
        "vanishing_gradients",
    )
}


def pages() -> list[Path]:
    """Return README.md and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def filled(text: str, *, source: str) -> str:
    """Return a page's text with every generated part regenerated.

    A part lies between `<!-- generated: NAME -->` and `<!-- end -->`.

    Args:
        text: of the page.
        source: its name, for the message.

    Raises:
        ValueError: there is no maker of that name, or a part has no end.

    >>> filled("plain", source="page.md")
    'plain'
    """

    def make(found: re.Match) -> str:
        name = found[1]
        if name not in MAKERS:
            raise ValueError(f"{source}: nothing generates {name!r}; there is {', '.join(MAKERS)}")
        return f"<!-- generated: {name} -->\n{MAKERS[name]()}\n<!-- end -->"

    if text.count("<!-- generated: ") != len(PLACE.findall(text)):
        raise ValueError(f"{source}: a generated part has no <!-- end -->")
    return PLACE.sub(make, text)
