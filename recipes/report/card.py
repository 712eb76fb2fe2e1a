"""The model card: Markdown with the front matter that model hubs read."""

import math
import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from recipes.report import numbers, rare_classes, simple_models, wording
from recipes.report.data import ReportInput
from zoo.errors import command

PROMPT = "Once upon a time"
WEAKEST = 5  # classes and pairs that are named as limits
LISTED_CLASSES = 50  # a card names no more of them


def render_card(data: ReportInput) -> str:
    """Return the model card as Markdown with YAML front matter."""
    template = _environment().get_template("card.md.jinja")
    tested = [row for row in numbers.class_rows(data) if row.examples] if data.classes else []
    return template.render(
        data=data,
        front_matter=wording.yaml_text(_front_matter(data)),
        main=data.metrics["metrics"][data.main_metric.name],
        metrics=[
            (
                data.measure(name).label,
                data.measure(name).text(entry["value"]),
                data.measure(name).span(entry),
                wording.method(entry),
            )
            for name, entry in data.metrics["metrics"].items()
        ],
        beside=simple_models.of_run(data),
        methods=any(entry.get("method") for entry in data.metrics["metrics"].values()),
        word=wording,
        weakest=sorted(tested, key=lambda row: row.recall)[:WEAKEST],
        pairs=numbers.confused_pairs(data, count=WEAKEST) if data.classes else [],
        rare=rare_classes.told(data) if data.classes else [],
        usage=_usage(data, str(data.weights.get("name") or ".")),
        listed=data.classes[:LISTED_CLASSES],
        best_epoch=numbers.best_epoch(data),
        problems=[item for item in data.findings if item.severity != "fine"],
        counts={name: sum(values) for name, values in (data.dataset.get("counts") or {}).items()},
        verdict=wording.expectation(data),
        training=_training(data),
        recipe=wording.yaml_text(data.recipe),
        environment=wording.flat(data.environment),
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # Markdown: every name goes through `text`, every block through `fence`
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"text": text, "fence": fence, "percent": wording.percent}
    return environment


def text(value: Any) -> str:
    """Escape Markdown and HTML markup; one line.

    >>> text("<b> | a_b")
    '&lt;b&gt; \\\\| a\\\\_b'
    """
    line = " ".join(str(value).split()).replace("&", "&amp;")
    line = line.replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]|#~$])", r"\\\1", line)


def fence(value: str, language: str = "") -> str:
    """Return a code block whose fence is longer than any run of backticks within."""
    longest = max((len(run) for run in re.findall(r"`+", value)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}{language}\n{value.rstrip()}\n{mark}"


def _front_matter(data: ReportInput) -> dict[str, Any]:
    """Return what model hubs read: licence, tags, and the results by task and data set."""
    kind = data.task.replace("_", "-")
    dataset, model, title = (
        " ".join(name.split()) for name in (data.dataset_name, data.model_name, data.title)
    )
    finite = {
        name: entry["value"]
        for name, entry in data.metrics["metrics"].items()
        if math.isfinite(entry["value"])
    }
    result = {
        "task": {"type": kind},
        "dataset": {
            "name": dataset,
            "type": dataset,
            "split": data.metrics["split"],
        },
        "metrics": [
            {"name": data.measure(name).label, "type": name, "value": round(value, 6)}
            for name, value in finite.items()
        ],
    }
    licence = (
        {"license": data.licence}
        if data.licence
        else {"license": "other", "license_name": "not-stated"}
    )
    return licence | {
        "library_name": "keras",
        "pipeline_tag": kind,
        "tags": ["kerazoo", "keras", kind, model],
        "datasets": [dataset],
        "metrics": list(data.metrics["metrics"]),
        "model-index": [{"name": title, "results": [result]}],
    }


def _usage(data: ReportInput, target: str) -> tuple[str, str]:
    """Return how the model is used in Python and in a shell.

    Args:
        data: of the run.
        target: what `zoo.load` takes; "." within the run's folder, where the card lies.
    """
    if data.task == "language_modeling":
        call = f"print(zoo.generate({target!r}, {PROMPT!r})[0])"
        return f"import zoo\n\n{call}", command("zoo", "generate", target, "--prompt", PROMPT)
    if data.task == "speaker_verification":
        call = f"print(zoo.same_speaker({target!r}, enrol=['a.wav'], test=['b.wav']))"
        enrolled = ("--enrol", "a.wav", "--test", "b.wav")
        return f"import zoo\n\n{call}", command("zoo", "predict", target, *enrolled)
    several = len(data.inputs) > 1
    example = dict(data.inputs) if several else next(iter(data.inputs.values()), "…")
    lines = ("import zoo", "", f"run = zoo.load({target!r})", f"print(run.predict([{example!r}]))")
    return "\n".join(lines), command(
        "zoo", "predict", target, "examples.jsonl" if several else example
    )


def _training(data: ReportInput) -> list[tuple[str, str]]:
    """Return the most important values of the recipe, where it has them."""
    asked = {
        "Optimizer": "optimizer.name",
        "Peak learning rate": "optimizer.learning_rate",
        "Schedule": "schedule.name",
        "Epochs": "training.epochs",
        "Batch size": "training.batch_size",
        "Precision": "training.precision",
        "Regularization preset": "regularization.preset",
        "Seed": "training.seed",
    }
    values = wording.flat(data.recipe)
    scaling = values.get("optimizer.rate_scaling", "none")
    if scaling != "none":
        size = values["optimizer.rate_batch_size"]
        values["optimizer.learning_rate"] += f" for updates of {size} examples, scaled: {scaling}"
    return [(label, values[path]) for label, path in asked.items() if path in values]
