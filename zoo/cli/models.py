"""`zoo list`: models and weights, without loading Keras."""

from typing import Annotated, Any

import typer

from zoo import registry
from zoo.cli import options
from zoo.cli.info import unknown
from zoo.cli.output import counted, show_json, show_table
from zoo.cli.packages import with_packages
from zoo.errors import unknown_name
from zoo.quantities import human

_Licence = Annotated[
    str | None, typer.Option(help="Of --pretrained: an SPDX identifier, or commercial.")
]


def list_command(
    pattern: Annotated[
        str,
        typer.Argument(
            help="A pattern, as 'resnet*', or part of a model's, family's or weight's name."
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
    pretrained: Annotated[
        bool, typer.Option("--pretrained", help="List weights that others published.")
    ] = False,
    sort: Annotated[str, typer.Option(help="Of --pretrained: name, accuracy or params.")] = "name",
    licence: _Licence = None,
    json: options.Json = False,
) -> None:
    """List models, with --weights the weights that ship, with --pretrained those that others published.

    [bold]Examples[/bold]

    zoo list cnn

    zoo list 'resnet*' --max-params 300000

    zoo list --weights

    zoo list --pretrained --sort accuracy --max-params 10000000 --licence commercial
    """
    cards = registry.MODELS.values()
    _check("task", task, {name for card in cards for name in registry.tasks_of(card)})
    _check("modality", modality, {card.modality for card in cards})
    _check("family", family, {card.family for card in cards})
    limits = {"task": task, "modality": modality, "family": family, "max_params": max_params}
    if pretrained:
        from zoo.cli.weights_table import list_pretrained

        list_pretrained(pattern, sort=sort, licence=licence, json=json, **limits)
        return
    if not set(pattern) & set("*?[") and not registry.list_models(pattern):
        raise unknown(pattern)
    names = registry.list_models(pattern, weights=weights, **limits)
    if weights:
        from zoo.cli.weights_table import list_shipped

        list_shipped(names, pattern, json=json)
        return
    infos = [registry.model_info(name) for name in names]
    if json:
        show_json(infos)
    else:
        _show(infos)


def _show(infos: list[dict[str, Any]]) -> None:
    rows = [
        (
            info["name"],
            human(info["params"]),
            human(info["macs"]),
            _shape(info["input_shape"]),
            info["arxiv"] or str(info["year"]),
            ", ".join(info["weights"]) or "–",
        )
        for info in infos
    ]
    columns = ("name", "parameters", "multiply-adds", "input", "paper", "weights")
    columns, rows = with_packages(columns, rows, [info["package"] for info in infos])
    show_table(counted(len(rows), "model"), columns, rows, spare=3)


def _shape(shape: Any) -> str:
    """Return the shape of an input; the names of several."""
    return " + ".join(shape) if isinstance(shape, dict) else "×".join(map(str, shape))


def _check(option: str, given: str | None, known: set[str]) -> None:
    if given is not None and given not in known:
        raise unknown_name(option, given, known, fix=f"give one of them to --{option}")
