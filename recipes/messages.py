"""pydantic's findings in the words of a person who edits a recipe."""

import typing
from collections.abc import Iterable

import pydantic

from zoo.errors import RecipeError, nearest

_LIMIT = 6


def recipe_error(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], *, source: str
) -> RecipeError:
    """Make one error of everything that is wrong, with the nearest field for unknown ones.

    Args:
        error: from validating `model`.
        model: the outermost schema.
        source: the file or override that was given.
    """
    details = error.errors()
    lines = [_line(detail, model) for detail in details[:_LIMIT]]
    if len(details) > _LIMIT:
        lines.append(f"and {len(details) - _LIMIT} more")
    unknown = [d for d in details if d["type"] == "extra_forbidden"]
    expected = None
    if unknown:
        *parents, last = map(str, unknown[0]["loc"])
        fields = _fields(model, parents)
        near = [".".join([*parents, field]) for field in nearest(last, fields)]
        expected = f"nearest: {', '.join(near)}" if near else f"one of: {', '.join(sorted(fields))}"
    return RecipeError(
        f"{source} is not a valid recipe:\n    " + "\n    ".join(lines),
        expected=expected,
        fix="`zoo recipes show NAME` prints a recipe with every field",
    )


def _line(detail: dict, model: type[pydantic.BaseModel]) -> str:
    path = ".".join(str(part) for part in detail["loc"] if part != "Expects")
    if detail["type"] == "extra_forbidden":
        return f"{path}: there is no such field"
    if detail["type"] == "missing":
        return f"{path}: is missing"
    given = detail["input"]
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{path}: {detail['msg'].removeprefix('Input should be').strip()}{shown}".replace(
        f"{path}: a ", f"{path}: should be a "
    )


def _fields(model: type[pydantic.BaseModel], parents: Iterable[str]) -> list[str]:
    """Return the field names of the section that `parents` lead to."""
    for parent in parents:
        field = model.model_fields.get(parent)
        if field is None:
            break
        candidates = [field.annotation, *typing.get_args(field.annotation)]
        sections = [
            c for c in candidates if isinstance(c, type) and issubclass(c, pydantic.BaseModel)
        ]
        if sections:
            model = sections[0]
    return list(model.model_fields)
