"""`zoo list` and `zoo info`: what there is, without loading Keras."""

from typing import Annotated

import typer

from zoo import registry
from zoo.cli import complete
from zoo.cli.output import console, human, show_json, show_table
from zoo.errors import unknown_name


def list_command(
    pattern: Annotated[str, typer.Argument(help="Names to show, such as 'resnet*'.")] = "*",
    task: Annotated[str | None, typer.Option(help="Only models for this task.")] = None,
    modality: Annotated[str | None, typer.Option(help="Only this kind of input: image.")] = None,
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    max_params: Annotated[int | None, typer.Option(help="Only models with no more.")] = None,
    weights: Annotated[bool, typer.Option("--weights", help="List shipped weights.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List models, or with --weights the trained weights that ship with the package.

    [bold]Examples[/bold]

    zoo list 'resnet*' --max-params 300000

    zoo list --weights
    """
    cards = registry.MODELS.values()
    if not set(pattern) & set("*?["):
        registry.model_card(pattern)  # a plain name that is none gets the nearest
    _check("task", task, {name for card in cards for name in card.tasks})
    _check("modality", modality, {card.modality for card in cards})
    _check("family", family, {card.family for card in cards})
    names = registry.list_models(
        pattern, task=task, modality=modality, family=family, max_params=max_params, weights=weights
    )
    if weights:
        _list_weights(names, json=json)
        return
    infos = [registry.model_info(name) for name in names]
    if json:
        show_json(infos)
        return
    rows = [
        (
            info["name"],
            human(info["params"]),
            human(info["macs"]),
            "×".join(map(str, info["input_shape"])),
            info["arxiv"] or str(info["year"]),
            ", ".join(info["weights"]) or "–",
        )
        for info in infos
    ]
    columns = ("name", "parameters", "multiply-adds", "input", "paper", "weights")
    show_table(f"{len(rows)} models", columns, rows)


def _check(option: str, given: str | None, known: set[str]) -> None:
    if given is not None and given not in known:
        raise unknown_name(option, given, known, fix=f"give one of them to --{option}")


def _list_weights(models: list[str], *, json: bool) -> None:
    cards = [card for card in registry.weight_cards().values() if card.model in models]
    if json:
        keys = ("name", "model", "dataset", "recipe", "metric", "value", "low", "high")
        more = ("params", "size_bytes", "data_licence", "sha256")
        show_json([{key: getattr(card, key) for key in keys + more} for card in cards])
        return
    rows = [
        (
            card.name,
            card.recipe,
            f"{card.metric} {card.value:.4f}",
            f"{card.low:.4f} – {card.high:.4f}",
            f"{card.size_bytes / 1e6:.2f} MB",
            card.data_licence,
        )
        for card in cards
    ]
    columns = ("weight", "recipe", "test", "95 % interval", "size", "data licence")
    show_table(f"{len(rows)} weights", columns, rows)


def info_command(
    name: Annotated[
        str,
        typer.Argument(help="A model's name, such as resnet20.", autocompletion=complete.models),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a model's facts, its builder's arguments, and how to build it.

    [bold]Example[/bold]

    zoo info resnet20
    """
    info = registry.model_info(name)
    if json:
        show_json(info)
        return
    shape = tuple(info["input_shape"])
    facts = [
        ("summary", info["summary"]),
        ("paper", f"{info['paper']} ({info['year']}) {info['arxiv'] and 'arXiv:' + info['arxiv']}"),
        ("parameters", f"{info['params']:,} ({human(info['params'])})"),
        ("multiply-adds", f"{info['macs']:,} ({human(info['macs'])}) at {shape}"),
        ("weights", ", ".join(info["weights"]) or "none shipped"),
    ]
    show_table(info["name"], ("", ""), facts)
    console.print()
    rows = [(n, a["type"], repr(a["default"])) for n, a in info["arguments"].items()]
    show_table("builder arguments", ("name", "type", "default"), rows)
    console.print(f"\nzoo.build({name!r}, input_shape={shape}, num_classes={info['num_classes']})")
