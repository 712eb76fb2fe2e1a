"""`zoo list`: models and weights, without loading Keras."""

from typing import Annotated

import typer

from zoo import registry
from zoo.cli import options
from zoo.cli.info import unknown
from zoo.cli.output import counted, show_json, show_table
from zoo.errors import unknown_name
from zoo.quantities import human


def list_command(
    pattern: Annotated[
        str,
        typer.Argument(
            help="A pattern of names, such as 'resnet*', or part of a model's, family's or "
            "weight's name."
        ),
    ] = "*",
    task: Annotated[str | None, typer.Option(help="Only models for this task.")] = None,
    modality: Annotated[
        str | None, typer.Option(help="Only this kind of input: image, text or speech.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    max_params: Annotated[
        int | None, typer.Option(min=0, help="Only models with at most this many parameters.")
    ] = None,
    weights: Annotated[bool, typer.Option("--weights", help="List shipped weights.")] = False,
    json: options.Json = False,
) -> None:
    """List models, or with --weights the trained weights that ship with the package.

    [bold]Examples[/bold]

    zoo list cnn

    zoo list 'resnet*' --max-params 300000

    zoo list --weights
    """
    cards = registry.MODELS.values()
    _check("task", task, {name for card in cards for name in card.tasks})
    _check("modality", modality, {card.modality for card in cards})
    _check("family", family, {card.family for card in cards})
    if not set(pattern) & set("*?[") and not registry.list_models(pattern):
        raise unknown(pattern)
    names = registry.list_models(
        pattern, task=task, modality=modality, family=family, max_params=max_params, weights=weights
    )
    if weights:
        _list_weights(names, pattern, json=json)
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
    show_table(counted(len(rows), "model"), columns, rows, spare=3)


def _check(option: str, given: str | None, known: set[str]) -> None:
    if given is not None and given not in known:
        raise unknown_name(option, given, known, fix=f"give one of them to --{option}")


def _list_weights(models: list[str], pattern: str, *, json: bool) -> None:
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
