"""The description of an input on the page of an exported model, and the lines that prepare it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Explains and prepares one input outside kerazoo.

    Attributes:
        meaning: of the numbers that go in.
        lines: of Python that set the variables in `tensors`; `assets` holds the parsed
            `assets.json`.
        tensors: name of a tensor, as in the exported file, to the variable with its batch of one.
        imports: line that `lines` needs; empty for none.
        package: to install for it; empty for none.
        needs: what `assets.json` holds for this input; empty for no more than its shape.
        answer: expression that turns `logits` of one label for each position into text; empty where
            nothing can.
    """

    meaning: str
    lines: tuple[str, ...]
    tensors: dict[str, str]
    imports: str = ""
    package: str = ""
    needs: str = ""
    answer: str = ""


def plain(name: str, specs: Mapping[str, Any]) -> Usage:
    """Explain an input whose encoded values are plain numbers.

    Args:
        name: of the input.
        specs: of its tensors by name, as `Column.tensors` gives them.
    """
    lines, tensors = [], {}
    for tensor, spec in specs.items():
        variable = variable_of(tensor)
        shape = (1, *(1 if size is None else size for size in spec.shape))
        if tensor.endswith(".present"):
            lines.append(f"{variable} = np.ones(1, {spec.dtype!r})  # 0 where there is no {name}")
        else:
            lines.append(f"{variable} = np.zeros({shape}, {spec.dtype!r})  # your own numbers")
        tensors[variable] = variable
    return Usage("numbers, as training encoded them", tuple(lines), tensors)


def presence(name: str, *, optional: bool) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the line and the variable that say that an optional input is there."""
    if not optional:
        return (), {}
    tensor = f"{name}.present"
    variable = variable_of(tensor)
    line = f'{variable} = np.ones(1, "float32")  # 0, and zeros before, where there is no {name}'
    return (line,), {variable: variable}


def variable_of(tensor: str) -> str:
    """Return a tensor's name in exported files, which is a name in Python too.

    >>> variable_of("text.present")
    'text_present'
    """
    return "".join(sign if sign.isalnum() else "_" for sign in tensor)
