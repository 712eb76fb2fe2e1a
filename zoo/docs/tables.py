"""Tables of models, datasets, tasks, recipes and weights, from the cards and the recipes."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from recipes.values.load import load_recipe, recipe_names
from recipes.values.schema import Recipe
from zoo import registry
from zoo.cards import PretrainedCard
from zoo.catalog.tasks import TASKS
from zoo.quantities import figure, human

SOURCES = {
    "embedded": "comes with kerazoo",
    "tfds": "`zoo data {name} --download`, once",
    "archive": "put its files into `ZOO_DATA_DIR`; `zoo data {name} --where` names them",
}


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table.

    >>> print(table(("a", "b"), [("1", "2 | 3")]))
    | a | b |
    | --- | --- |
    | 1 | 2 \\| 3 |
    """
    columns = tuple(columns)
    lines = [columns, ("---",) * len(columns), *rows]
    cells = ([cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def models() -> str:
    """Return a table of models for each modality."""
    parts = []
    for modality in dict.fromkeys(card.modality for card in registry.MODELS.values()):
        infos = [registry.model_info(name) for name in registry.list_models(modality=modality)]
        parts += [_purpose(infos), _models(infos)]
    return "\n\n".join(parts)


def families() -> str:
    """Return a table of families for each modality."""
    parts = []
    for modality in dict.fromkeys(card.modality for card in registry.MODELS.values()):
        found: dict[str, list[dict[str, Any]]] = {}
        for name in registry.list_models(modality=modality):
            info = registry.model_info(name)
            found.setdefault(info["family"], []).append(info)
        columns = ("family", "models", "parameters", "multiply-adds", "paper", "weights")
        first = [members[0] for members in found.values()]
        parts += [_purpose(first), table(columns, map(_family, found.values()))]
    return "\n\n".join(parts)


def _family(members: list[dict[str, Any]]) -> tuple[str, ...]:
    names = [f"`{info['name']}`" for info in members]
    listed = ", ".join(names) if len(names) < 4 else f"{names[0]} … {names[-1]} ({len(names)})"
    papers = dict.fromkeys(_paper(info) for info in members)
    shipped = sum(len(info["weights"]) for info in members)
    models = {info["name"] for info in members}
    published = sum(card.model in models for card in registry.pretrained_cards().values())
    counts = ((shipped, "shipped"), (published, "published"))
    weights = ", ".join(f"{count} {word}" for count, word in counts if count)
    return (
        members[0]["family"],
        listed,
        _range([info["params"] for info in members]),
        _range([info["macs"] for info in members]),
        ", ".join(papers),
        weights or "–",
    )


def _range(counts: list[int]) -> str:
    ends = dict.fromkeys((human(min(counts)), human(max(counts))))
    return " – ".join(ends)


def _paper(info: dict[str, Any]) -> str:
    if not info["arxiv"]:
        return str(info["year"])
    return f"[{info['arxiv']}](https://arxiv.org/abs/{info['arxiv']})"


def pretrained() -> str:
    """Return a table of the weights that others published."""
    rows = [
        (
            f"`{card.name}`",
            human(registry.measured()[card.model]["params"]),
            _stated(card),
            f"{card.resolution} px" if card.resolution else card.data or "–",
            figure(card.metric, card.measured["value"] if card.measured else None),
            card.licence,
            card.origin.partition(",")[0],
        )
        for card in registry.pretrained_cards().values()
    ]
    columns = ("weight", "parameters", "stated", "at", "measured here", "licence", "trained by")
    return table(columns, rows)


def _stated(card: PretrainedCard) -> str:
    """Return the published figure, with its metric unless it is the accuracy."""
    if card.value is None:
        return "–"
    metric = "" if card.metric == "accuracy" else f"{card.metric} "
    return f"{metric}{figure(card.metric, card.value)}"


def _models(infos: list[dict[str, Any]]) -> str:
    rows = [
        (
            f"`{info['name']}`",
            f"{info['params']:,}",
            human(info["macs"]),
            input_of(info),
            _paper(info),
            _codes(info["weights"]),
        )
        for info in infos
    ]
    return table(("model", "parameters", "multiply-adds", "input", "paper", "weights"), rows)


def input_of(info: dict[str, Any]) -> str:
    """Return the default input of a model in words: pixels, tokens or samples."""
    shape = info["input_shape"]
    if isinstance(shape, dict):
        return ", ".join(f"{name} {_sides(sides)}" for name, sides in shape.items())
    return _sides(shape) + {"text": " tokens", "speech": " samples"}.get(info["modality"], "")


def _sides(shape: list[int]) -> str:
    return "×".join(f"{size:,}" for size in shape)


def model_arguments() -> str:
    """Return one section per family: its models, what they are, and what the builders take."""
    families: dict[str, list[dict[str, Any]]] = {}
    for name in registry.MODELS:
        info = registry.model_info(name)
        families.setdefault(info["family"], []).append(info)
    parts = []
    for family, members in families.items():
        parts += [f"### {family}", f"For {_tasks_of(members[0]['name'])}."]
        parts += ["\n".join(f"- `{info['name']}`: {info['summary']}" for info in members)]
        papers = dict.fromkeys(f"*{info['paper']}* ({info['year']})" for info in members)
        parts += [f"{'; '.join(papers)}."]
        parts += [_features(members)]
        parts += [_arguments(members)]
    return "\n\n".join(parts)


def _features(members: list[dict[str, Any]]) -> str:
    """Return the features of a family in a line; a line per model where they differ."""
    lines: dict[str, list[str]] = {}
    for info in members:
        features = ", ".join(_feature(feature) for feature in info["features"])
        line = f"{features}; the head takes `{info['head_feature']}`."
        lines.setdefault(line, []).append(f"`{info['name']}`")
    if len(lines) == 1:
        return f"Features: {next(iter(lines))}"
    return "\n".join(f"- Features of {', '.join(names)}: {line}" for line, names in lines.items())


def _feature(feature: dict[str, Any]) -> str:
    strides = feature["stride"] if isinstance(feature["stride"], list) else [feature["stride"]]
    where = "" if strides == [None] else f"stride {' × '.join(map(str, strides))}, "
    return f"`{feature['name']}` ({where}width {feature['width']})"


def _purpose(infos: Sequence[dict[str, Any]]) -> str:
    tasks = dict.fromkeys(
        task for info in infos for task in registry.model_card(info["name"]).tasks
    )
    *names, last = (task.replace("_", " ") for task in tasks)
    return f"For {', '.join(names)} and {last}:" if names else f"For {last}:"


def _tasks_of(name: str) -> str:
    return " and ".join(task.replace("_", " ") for task in registry.model_card(name).tasks)


def _arguments(members: list[dict[str, Any]]) -> str:
    """Return a row per argument; where defaults differ within the family, each model's."""
    rows = []
    for argument, facts in members[0]["arguments"].items():
        defaults = {
            info["name"]: info["arguments"][argument]["default"]
            for info in members
            if argument in info["arguments"]
        }
        values = list(defaults.values())
        if all(value == values[0] for value in values):
            shown = _code(values[0])
        else:
            shown = ", ".join(f"{_code(value)} ({name})" for name, value in defaults.items())
        rows.append((f"`{argument}`", f"`{facts['type']}`", shown))
    return table(("argument", "type", "default"), rows)


def datasets() -> str:
    """Return the table of datasets."""
    rows = [
        (f"`{card.name}`", card.source, card.summary, card.licence)
        for card in registry.list_datasets()
    ]
    rows += [
        ("any other set of images", "tfds", "by its TensorFlow Datasets name", "its own"),
        ("a folder", "folder", "images, sounds or texts by class, or plain texts", "yours"),
        ("a table", "table", "texts with labels: .csv, .tsv, .jsonl", "yours"),
    ]
    return table(("dataset", "source", "what", "licence"), rows)


def dataset_details() -> str:
    """Return the datasets of the catalog with where they come from and what they take."""
    rows = [
        (
            f"[`{card.name}`]({card.homepage})" if card.homepage else f"`{card.name}`",
            card.task.replace("_", " "),
            str(card.num_classes or "–"),
            SOURCES[card.source].format(name=card.name),
            _values(card.arguments),
            card.licence,
            "yes" if card.may_ship_weights else "no",
        )
        for card in registry.list_datasets()
    ]
    columns = ("dataset", "task", "classes", "how to get it", "`data.arguments`", "licence")
    return table((*columns, "weights may ship"), rows)


def tasks() -> str:
    """Return the tasks with their deciding metric and their arguments."""
    rows = [
        (f"`{card.name}`", card.summary, card.modality, card.metric, _values(card.arguments))
        for card in TASKS
    ]
    return table(("task", "what", "input", "metric", "`task.arguments`"), rows)


def recipes() -> str:
    """Return the table of recipes with what they reached."""
    rows = [
        (f"`{name}`", recipe.model.name, *_expected(recipe)) for name, recipe in _recipes().items()
    ]
    columns = ("recipe", "model", "test, mean", "seeds", "a further run, 95 %", "minutes")
    return table(columns, rows)


def recipe_details() -> str:
    """Return the results of the recipes seed by seed, with the machine that made them."""
    parts = []
    for name, recipe in _recipes().items():
        parts += [f"### {name}", recipe.summary]
        expects = recipe.expects
        if expects == "unmeasured":
            parts.append("Not measured yet.")
            continue
        metric = recipe.expected_metric
        seeds = ", ".join(f"{metric.text(v)} ({s})" for s, v in expects.values.items())
        versions = ", ".join(
            f"{package} {version}" for package, version in expects.versions.items()
        )
        rows = [
            (f"test {expects.metric} (seed)", seeds),
            ("mean", metric.text(expects.mean)),
            ("a further run, 95 %", _interval(recipe)),
            ("minutes, quickest run", f"{expects.minutes:.1f}"),
            ("hardware", expects.hardware),
            ("versions", versions),
            ("data fingerprint", f"`{expects.data_fingerprint}`"),
        ]
        parts.append(table(("what", "value"), rows))
    return "\n\n".join(parts)


def weights() -> str:
    """Return the weights that ship with the package."""
    rows = [
        (
            f"`{card.name}`",
            f"`{card.recipe}`",
            f"{card.metric} {registry.metric_of(card).text(card.value)}",
            registry.metric_of(card).span({"low": card.low, "high": card.high}) or "–",
            card.method or "–",
            f"{card.size_bytes / 1e6:.2f} MB",
            card.data_licence,
        )
        for card in registry.weight_cards().values()
    ]
    columns = ("weight", "recipe", "test", "95 %, other examples", "by", "size", "data licence")
    return table(columns, rows)


def temperatures() -> str:
    """Return what the temperature of each classifier that ships does to its test examples."""
    rows = []
    for card in registry.weight_cards().values():
        found = card.metrics.get("temperature")
        if found:
            before, after = found["test"]["before"], found["test"]["after"]
            rows.append(
                (
                    f"`{card.name}`",
                    f"{found['value']:.3f}",
                    f"{found['examples']:,}",
                    f"{before['loss']:.4f} → {after['loss']:.4f}",
                    f"{100 * before['ece']:.2f} % → {100 * after['ece']:.2f} %",
                )
            )
    columns = ("weight", "T", "validation examples", "loss (nats)", "calibration error (ECE)")
    return table(columns, rows)


def _recipes() -> dict[str, Recipe]:
    return {name: load_recipe(name) for name in recipe_names()}


def _expected(recipe: Recipe) -> tuple[str, str, str, str]:
    expects = recipe.expects
    if expects == "unmeasured":
        return "unmeasured", "–", "–", "–"
    return (
        f"{expects.metric} {recipe.expected_metric.text(expects.mean)}",
        str(len(expects.values)),
        _interval(recipe),
        f"{expects.minutes:.1f}",
    )


def _interval(recipe: Recipe) -> str:
    span = recipe.expected_metric.span(recipe.expects.model_dump())
    return span + (" (unstable)" if recipe.unstable else "")


def _values(values: Any) -> str:
    return ", ".join(f"`{name}` = {_code(value)}" for name, value in values.items()) or "–"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "–"


def _code(value: Any) -> str:
    return f"`{json.dumps(value)}`"
