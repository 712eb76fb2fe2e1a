"""Write catalog/measured.json: what was counted of each model and what its builder takes.

Run `python -m zoo.measure` after adding or changing a model; `--check` only compares.
"""

import inspect
import json
import sys
from typing import Any

from zoo import registry
from zoo.complexity import count_params, multiply_adds
from zoo.composition import build
from zoo.files import write_text

FILE = registry.CATALOG / "measured.json"


def measure(name: str) -> dict[str, Any]:
    """Build a model at its card's defaults and return what is known of it then."""
    card = registry.model_card(name)
    model = build(name)
    parameters = inspect.signature(registry.resolve(card.builder)).parameters.values()
    return {
        "params": count_params(model),
        "macs": multiply_adds(model, input_shape=card.input_shape),
        "arguments": {
            p.name: {
                "type": inspect.formatannotation(p.annotation).removeprefix("collections.abc."),
                "default": p.default,
            }
            for p in parameters
            if p.name != "input_shape"
        },
    }


def as_json(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as they come back from JSON (tuples are lists there)."""
    return json.loads(json.dumps(values))


def main() -> int:
    """Write the file, or with --check return 1 if it is not up to date."""
    # Building by name reads the file, so an absent one starts empty.
    if not FILE.exists():
        write_text(FILE, "{}")
    text = json.dumps({name: measure(name) for name in registry.MODELS}, indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        current = FILE.read_text(encoding="utf-8") == text
        print("measured.json is up to date" if current else "run: python -m zoo.measure")
        return 0 if current else 1
    write_text(FILE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
