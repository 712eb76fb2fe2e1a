"""How `zoo list --weights`, `zoo list --pretrained` and `zoo info` show weights."""

from typing import Any

from zoo import registry
from zoo.cards import PretrainedCard
from zoo.cli.output import console, counted, show_json, show_table
from zoo.cli.packages import package_row
from zoo.errors import command
from zoo.pretrained.sources import described
from zoo.quantities import figure, human

_USES = {  # command and example by modality
    "image": ("predict", "photo.jpg"),
    "text": ("embed", "texts.csv"),
    "speech": ("embed", "clip.wav"),
}


def list_pretrained(
    pattern: str, *, sort: str, licence: str | None, json: bool, **limits: Any
) -> None:
    """Print the published weights that fit; `licence` may be "commercial"."""
    commercial = licence == "commercial"
    cards = registry.list_pretrained(
        pattern,
        sort=sort,
        licence=None if commercial else licence,
        commercial=commercial,
        **limits,
    )
    if json:
        show_json([registry.pretrained_info(card.name) for card in cards])
        return
    rows = [
        (
            card.name,
            _figure(card),
            f"{card.resolution} px" if card.resolution else "–",
            human(registry.measured().get(card.model, {}).get("params")),
            card.licence,
            card.commercial,
        )
        for card in cards
    ]
    columns = ("weight", "stated", "at", "parameters", "licence", "commercial use")
    show_table(counted(len(rows), "published weight"), columns, rows, whole=3, spare=4)


def show_pretrained(name: str, *, json: bool) -> None:
    """Print the facts about published weights, and how to use them."""
    if json:
        show_json(registry.pretrained_info(name))
        return
    card = registry.pretrained_card(name)
    facts = [
        ("model", card.model),
        ("trained by", card.origin),
        ("licence", f"{card.licence}; commercial use: {card.commercial}"),
        ("stated", f"{_figure(card)} on {card.data}" if card.value is not None else "–"),
        ("stated at", card.stated_at or "–"),
        *([("images", f"{card.resolution} × {card.resolution} pixels")] if card.resolution else []),
        ("classes", card.classes if isinstance(card.classes, str) else ", ".join(card.classes)),
        *_measured(card),
        *package_row(card),
        *(("source", described(source)) for source in card.sources),
    ]
    show_table(card.name, ("", ""), facts)
    model = registry.model_card(card.model)
    trained = registry.task_card(model.tasks[0]).trained  # not so: it transcribes
    verb, example = _USES[model.modality] if trained else ("predict", "talk.mp3")
    for call in (f"zoo.build({name!r})", command("zoo", verb, name, example)):
        console.print(f"\n{call}" if call.startswith("zoo.build") else call, soft_wrap=True)


def _measured(card: PretrainedCard) -> list[tuple[str, str]]:
    if not card.measured:
        return [("measured here", "no")]
    found = card.measured
    value, low, high = (figure(card.metric, found[key]) for key in ("value", "low", "high"))
    return [("measured here", f"{value} ({low}–{high}) on {found['on']}")]


def _figure(card: PretrainedCard) -> str:
    """Return the published figure; one that was measured here is marked."""
    if card.value is None:
        return "–"
    mark = " (measured here too)" if card.measured else ""
    return f"{card.metric} {figure(card.metric, card.value)}{mark}"


def list_shipped(models: list[str], pattern: str, *, json: bool) -> None:
    """Print the weights of these models that a pattern finds."""
    families = {name: registry.MODELS[name].family for name in models}
    cards = [  # of a model that only a weight's name brought in, not the others
        card
        for card in registry.weight_cards().values()
        if card.model in models
        and (
            registry.fits_pattern(pattern, card.name, families[card.model])
            or registry.fits_pattern(pattern, card.model)
        )
    ]
    if json:
        show_json([registry.weight_info(card.name) for card in cards])
        return
    rows = [
        (
            card.name,
            f"{card.metric} {registry.metric_of(card).text(card.value)}",
            registry.metric_of(card).span({"low": card.low, "high": card.high}) or "–",
            card.data_licence,
            f"{card.size_bytes / 1e6:.2f} MB",
            card.recipe,
        )
        for card in cards
    ]
    columns = ("weight", "test", "95 % interval", "data licence", "size", "recipe")
    show_table(counted(len(rows), "weight"), columns, rows, whole=3, spare=4)
