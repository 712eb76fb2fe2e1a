"""Write catalog/measured.json: the counts of each model and the arguments of its builder.

Run `python -m zoo.measure NAME…` after adding or changing models, or without names to measure all;
`--check` only compares.
"""

import json
import os
import sys
from typing import Any

from zoo import plugins, registry
from zoo.complexity import count_params, multiply_adds, shapes_only
from zoo.composition import build
from zoo.files import write_text

FILE = registry.CATALOG / "measured.json"


def measure(name: str) -> dict[str, Any]:
    """Count a model at its card's defaults, using only shapes; return JSON values.

    Returns:
        "params"; "macs", multiply-adds for the card's input; "macs_at", those for images of another
        side in pixels that the figure of published weights is of; "features", the shape of each
        without the batch axis, null where it varies; "arguments", the builder's, with types and
        defaults.
    """
    card = registry.model_card(name)
    with shapes_only():
        model = build(name)
        macs = multiply_adds(model, input_shape=card.input_shape)
        macs_at = {str(side): _macs_at(name, side) for side in _other_sides(name)}
    outputs = model.get_layer("backbone").output
    return {
        "params": count_params(model),
        "macs": macs,
        "macs_at": macs_at,
        "features": {key: list(tensor.shape[1:]) for key, tensor in outputs.items()},
        "arguments": registry.signature(card),
    }


def _other_sides(name: str) -> list[int]:
    """Return the sides of images that published figures of a model are of, but for its own."""
    cards = registry.pretrained_cards().values()
    sides = {card.resolution for card in cards if card.model == name and card.resolution}
    return sorted(sides - set(registry.model_card(name).input_shape[:2])) if sides else []


def _macs_at(name: str, side: int) -> int:
    shape = (side, side, registry.model_card(name).input_shape[-1])
    return multiply_adds(build(name, input_shape=shape))


def main() -> int:
    """Write the file, or with --check return 1 if it is not up to date.

    Counts of models that are not among the names given stay as they are.
    """
    os.environ[plugins.SWITCH] = "off"
    # Building by name reads the file, so an absent one starts empty.
    if not FILE.exists():
        write_text(FILE, "{}")
    before = FILE.read_text(encoding="utf-8")
    known, names = json.loads(before), set(sys.argv[1:]) - {"--check"}
    if unknown := sorted(names - set(registry.MODELS)):
        print(f"no such model: {', '.join(unknown)}", file=sys.stderr)
        return 2
    found = {
        name: known[name] if names and name not in names and name in known else measure(name)
        for name in registry.MODELS
    }
    text = json.dumps(found, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        current = before == text
        print("measured.json is up to date" if current else "run: python -m zoo.measure")
        return 0 if current else 1
    write_text(FILE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
