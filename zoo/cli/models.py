"""`zoo list` and `zoo info`: what there is, without loading Keras."""

from typing import Annotated, Any

import typer

from zoo import registry
from zoo.cli import complete
from zoo.cli.output import console, counted, human, next_command, show_json, show_table
from zoo.errors import UnknownNameError, command, unknown_name


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
        int | None, typer.Option(help="Only models with at most this many parameters.")
    ] = None,
    weights: Annotated[bool, typer.Option("--weights", help="List shipped weights.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
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
        raise _unknown(pattern)
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


def _unknown(name: str) -> UnknownNameError:
    """Make the error for what is neither a model nor a weight; say where a name is known."""
    from recipes.values.load import recipe_names

    fix = "zoo list shows every model, zoo list --weights every weight"
    if name in recipe_names():
        fix = f"it is a recipe: {command('zoo', 'recipes', 'show', name)}"
    elif any(card.name == name for card in registry.list_datasets()):
        fix = f"it is a data set: {command('zoo', 'data', name)}"
    return unknown_name(
        "model or weight", name, (*registry.MODELS, *registry.weight_cards()), fix=fix
    )


def _list_weights(models: list[str], pattern: str, *, json: bool) -> None:
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
            f"{card.metric} {card.value:.4f}",
            f"{card.low:.4f} – {card.high:.4f}",
            card.data_licence,
            f"{card.size_bytes / 1e6:.2f} MB",
            card.recipe,
        )
        for card in cards
    ]
    columns = ("weight", "test", "95 % interval", "data licence", "size", "recipe")
    show_table(counted(len(rows), "weight"), columns, rows, whole=3, spare=4)


def info_command(
    name: Annotated[
        str,
        typer.Argument(
            help="A model's or weight's name, such as resnet20 or resnet20.fashion_mnist.",
            autocompletion=complete.models_and_weights,
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a model's facts, its builder's arguments, and how to build it; or a weight's facts.

    [bold]Examples[/bold]

    zoo info resnet20

    zoo info resnet20.fashion_mnist
    """
    if name in registry.weight_cards():
        _show_weight(registry.weight_info(name), json=json)
        return
    if name not in registry.MODELS:
        raise _unknown(name)
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
    call = f"zoo.build({name!r}, input_shape={shape}, num_classes={info['num_classes']})"
    console.print(f"\n{call}", soft_wrap=True)


def _show_weight(info: dict[str, Any], *, json: bool) -> None:
    if json:
        show_json(info)
        return
    facts = [
        ("model", info["model"]),
        ("trained on", f"{info['dataset']}, data licence {info['data_licence']}"),
        ("recipe", info["recipe"]),
        (
            f"test {info['metric']}",
            f"{info['value']:.4f}, 95 % interval {info['low']:.4f} – {info['high']:.4f}",
        ),
        ("parameters", f"{info['params']:,} ({human(info['params'])})"),
        ("size", f"{info['size_bytes'] / 1e6:.2f} MB"),
        ("sha256", info["sha256"]),
    ]
    show_table(info["name"], ("", ""), facts)
    console.print(f"\nzoo.load({info['name']!r})", soft_wrap=True)
    console.print(next_command(info["name"], info["task"]), soft_wrap=True)
