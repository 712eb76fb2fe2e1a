"""A search space: field path to range, checked against the recipe before anything runs."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field as Bound

from recipes.values.load import parse_yaml
from recipes.values.schema import Recipe
from zoo.errors import RecipeError, ZooError, nearest, unknown_name
from zoo.files import as_path

FOLDER = Path(__file__).parent / "spaces"
DIGITS = 4  # significant digits of a drawn number: 0.002317 can be read, written down and typed
_SIZE_LIMIT_BYTES = 100_000
_MOST_STEPS = 1000
_SLACK = 1e-9  # 0.3 / 0.1 is 2.9999…, and its end belongs to the range
_FORMS = "{low: …, high: …}, with step or sampling: log if wanted, or {choices: [a, b]}"
# Fields whose change makes trials incomparable: other validation examples, another goal, or luck.
FIXED = ("name", "summary", "expects", "data", "task.name", "training.seed")


class RangeValues(pydantic.BaseModel):
    """The entry of one field in a space file."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )

    low: int | float | None = None
    high: int | float | None = None
    step: Annotated[int | float, Bound(gt=0)] | None = None  # a factor where sampling is log
    sampling: Literal["linear", "log"] = "linear"
    choices: Annotated[list[Any], Bound(min_length=2)] | None = None
    relative: bool = False  # low and high are multiples of the recipe's own value
    when: dict[str, list[Any]] = {}  # the recipe's values with which the field is searched


@dataclass(frozen=True, kw_only=True)
class Field:
    """One searched field: choices, or a range of whole or real numbers.

    Attributes:
        path: of the recipe's field, such as "optimizer.learning_rate".
        choices: the values to choose from; empty for a range.
        low, high: ends of the range, both included; whole numbers where both are.
        step: distance of the values drawn (their ratio with log sampling); None draws any.
        sampling: "linear" or "log".
    """

    path: str
    choices: tuple[Any, ...] = ()
    low: float = 0
    high: float = 0
    step: float | None = None
    sampling: str = "linear"

    @property
    def whole(self) -> bool:
        """Whether whole numbers are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def countable(self) -> bool:
        """Whether a grid can visit the field value by value."""
        linear_whole = self.whole and self.sampling == "linear"
        return bool(self.choices) or self.step is not None or linear_whole

    @property
    def stepped(self) -> tuple[float, ...]:
        """The values of a range of real numbers with steps, both ends included; else none."""
        if self.choices or self.step is None or self.whole:
            return ()
        if self.sampling == "log":
            last = math.log(self.high / self.low) / math.log(self.step)
            values = [self.low * self.step**i for i in range(math.floor(last + _SLACK) + 1)]
        else:
            last = (self.high - self.low) / self.step
            values = [self.low + i * self.step for i in range(math.floor(last + _SLACK) + 1)]
        return tuple(float(f"{value:.10g}") for value in values)

    @property
    def labels(self) -> tuple[Any, ...]:
        """The value that represents each choice in Keras Tuner, which takes scalars of one type only."""
        kinds = {type(choice) for choice in self.choices}
        if len(kinds) == 1 and kinds <= {int, float, str, bool}:
            return self.choices
        return tuple(json.dumps(choice, default=str) for choice in self.choices)

    def value(self, drawn: Any) -> Any:
        """Return the recipe's value for what an oracle has drawn.

        Real numbers are rounded to four significant digits, and stay within the range.
        """
        if self.choices:
            return self.choices[self.labels.index(drawn)]
        if self.whole:
            return int(drawn)
        if self.step is not None:
            return drawn
        return min(max(float(f"{drawn:.{DIGITS}g}"), float(self.low)), float(self.high))


@dataclass(frozen=True)
class Space:
    """The fields that a search varies; every other value stays the recipe's.

    Attributes:
        fields: in the order of the file.
    """

    fields: tuple[Field, ...]

    def values(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Return the recipe's values by path for what an oracle has drawn."""
        return {field.path: field.value(drawn[field.path]) for field in self.fields}

    def recipe(self, base: Recipe, drawn: Mapping[str, Any]) -> Recipe:
        """Return the recipe with what an oracle has drawn.

        Raises:
            ZooError: the values do not go together; says which field is wrong.
        """
        return base.with_values(self.values(drawn))

    def own_values(self, base: Recipe) -> dict[str, Any]:
        """Return the recipe's own values of the searched fields, with presets expanded."""
        return {field.path: value_at(base, field.path) for field in self.fields}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as a space file holds them; nothing relative or conditional is left."""
        return {field.path: _entry(field) for field in self.fields}


def _entry(field: Field) -> dict[str, Any]:
    if field.choices:
        return {"choices": [*field.choices]}
    ends = {"low": field.low, "high": field.high}
    step = {} if field.step is None else {"step": field.step}
    return ends | step | ({} if field.sampling == "linear" else {"sampling": field.sampling})


def default_space(task: str) -> Path:
    """Return the space file that ships for a task.

    Raises:
        UnknownNameError: there is none.
    """
    path = FOLDER / f"{task}.yaml"
    if path.is_file():
        return path
    names = [file.stem for file in FOLDER.glob("*.yaml")]
    raise unknown_name("search space for the task", task, names, fix="give your own with --space")


def load_space(path: str | Path, base: Recipe) -> Space:
    """Read a space file and check every field and every end of a range against the recipe.

    Args:
        path: of a YAML file: field path to `{low, high[, step, sampling]}` or `{choices}`.
        base: the recipe to start from.

    Raises:
        RecipeError: not readable, empty, no range, or not a field that may be searched.
        ZooError: the recipe's schema refuses a field (names the nearest) or the end of a range.

    >>> load_space("mine.yaml", recipe).fields[0].path  # doctest: +SKIP
    'optimizer.learning_rate'
    """
    path = as_path(path)
    if not path.is_file() or path.suffix not in (".yaml", ".yml"):
        raise RecipeError(
            f"There is no search space at {path}.",
            expected="a YAML file",
            fix="leave --space out to take the task's own, or check the path",
        )
    if path.stat().st_size > _SIZE_LIMIT_BYTES:
        raise RecipeError(f"{path} is too large for a search space.")
    text = path.read_text(encoding="utf-8", errors="replace")
    return make_space(parse_yaml(text, source=str(path)), base, source=str(path))


def make_space(values: Any, base: Recipe, *, source: str) -> Space:
    """Make a space of plain values, as `load_space` reads them from a file."""
    if not isinstance(values, dict) or not values:
        raise RecipeError(
            f"{source} holds no field to search.",
            expected=f"lines such as optimizer.learning_rate: {_FORMS}",
            fix=f"see the space of this task: {FOLDER / base.task.name}.yaml",
        )
    fields = []
    for path, entry in values.items():
        given = _parse(str(path), entry, source=source)
        if _applies(given.when, base, searched=values, source=source):
            fields.append(_field(str(path), given, base, source=source))
    if not fields:
        raise RecipeError(
            f"{source} holds no field that is searched with this recipe.",
            expected="a field whose `when` fits the recipe",
            fix="change `when`, or leave it out",
        )
    for field in fields:
        _check(field, base, source=source)
    return Space(tuple(fields))


def value_at(base: Recipe, path: str) -> Any:
    """Return the recipe's value at a dotted path, presets expanded; None where nothing is set."""
    place: Any = base.resolved()
    for part in path.split("."):
        place = place.get(part) if isinstance(place, Mapping) else None
    return place


def _parse(path: str, entry: Any, *, source: str) -> RangeValues:
    if any(f"{path}.".startswith(f"{fixed}.") for fixed in FIXED):
        raise RecipeError(
            f"{source}: {path} cannot be searched.",
            expected="a field that leaves the trials comparable: the same data, task and seed",
            fix=f"give the value as an override instead: zoo tune RECIPE {path}=…",
        )
    try:
        given = RangeValues.model_validate(entry)
    except pydantic.ValidationError as error:
        details = error.errors()
        key = str(details[0]["loc"][0]) if details[0]["loc"] else ""
        # Of "whole or real number" the last complaint is about the wider of the two.
        detail = [d for d in details if d["loc"][:1] == details[0]["loc"][:1]][-1]
        near = nearest(key, RangeValues.model_fields)
        hint = f"nearest: {near[0]}" if near and detail["type"] == "extra_forbidden" else _FORMS
        what = f"{key}: " if key else ""
        said = (
            "there is no such key" if detail["type"] == "extra_forbidden" else detail["msg"].lower()
        )
        raise RecipeError(
            f"{source}: {path} has no valid range: {what}{said}.",
            expected=hint,
            fix="correct that line",
        ) from error
    problem = _contradiction(given)
    if problem:
        raise RecipeError(f"{source}: {path} {problem}.", expected=_FORMS, fix="correct that line")
    return given


def _contradiction(given: RangeValues) -> str:
    """Describe what is wrong with a range; empty where nothing is."""
    if given.choices is not None:
        if {"low", "high", "step", "sampling", "relative"} & given.model_fields_set:
            return "has choices and a range: one of them is enough"
        texts = [json.dumps(choice, default=str) for choice in given.choices]
        return "names a choice twice" if len(set(texts)) < len(texts) else ""
    if given.low is None or given.high is None:
        return "needs low and high, or choices"
    if not given.low < given.high:
        return f"has low={given.low}, which is not below high={given.high}"
    if given.sampling == "log" and given.low <= 0:
        return f"has low={given.low}; sampling: log needs a low above 0"
    if given.step is None:
        return ""
    if given.sampling == "log" and given.step <= 1:
        return f"has step={given.step}; with sampling: log it is a factor above 1"
    span, steps = given.high - given.low, (given.high - given.low) / given.step
    if given.sampling == "log":
        span = given.high / given.low
        steps = math.log(span) / math.log(given.step)
    if given.step > span:
        return f"has step={given.step}, which is more than the range"
    return "has more than 1,000 steps: leave step out" if steps > _MOST_STEPS else ""


def _applies(
    when: Mapping[str, list[Any]], base: Recipe, *, searched: Mapping[str, Any], source: str
) -> bool:
    for path, wanted in when.items():
        if path in searched:
            raise RecipeError(
                f"{source}: `when` names {path}, which is searched itself.",
                expected="a field that keeps the recipe's value",
                fix=f"leave {path} out of the space, or the condition",
            )
        if value_at(base, path) not in wanted:
            return False
    return True


def _field(path: str, given: RangeValues, base: Recipe, *, source: str) -> Field:
    if given.choices is not None:
        return Field(path=path, choices=tuple(given.choices))
    low, high, step = given.low, given.high, given.step
    if given.relative:
        own = value_at(base, path)
        if isinstance(own, bool) or not isinstance(own, int | float) or not own > 0:
            raise RecipeError(
                f"{source}: {path} is relative, but the recipe has {own!r} there.",
                expected="a recipe with a number above 0 in that field",
                fix="give low and high as they are, without `relative`",
            )
        low, high = float(f"{own * low:.{DIGITS}g}"), float(f"{own * high:.{DIGITS}g}")
        step = step * own if step and given.sampling == "linear" else step
    whole = isinstance(low, int) and isinstance(high, int)
    if whole and step is not None and not math.isclose(step, round(step)):
        low, high, whole = float(low), float(high), False
    if not whole:
        low, high = float(low), float(high)
    step = round(step) if whole and step is not None else step
    return Field(path=path, low=low, high=high, step=step, sampling=given.sampling)


def _check(field: Field, base: Recipe, *, source: str) -> None:
    """Try each choice, or each end of the range, in the recipe."""
    for value in field.choices or (field.low, field.high):
        try:
            base.with_values({field.path: value})
        except ZooError as error:
            raise type(error)(
                f"{source}: {error.problem}", expected=error.expected, fix=error.fix
            ) from error
