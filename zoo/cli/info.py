"""`zoo info`: facts about a model or a weight, without loading Keras."""

from typing import Annotated, Any

import typer

from zoo import registry
from zoo.cli import complete, options
from zoo.cli.output import console, next_command, show_json, show_table
from zoo.cli.packages import package_row
from zoo.errors import UnknownNameError, command, unknown_name
from zoo.quantities import human


def info_command(
    name: Annotated[
        str,
        typer.Argument(
            help="A model's or weight's name, such as resnet20 or resnet20.fashion_mnist.",
            autocompletion=complete.models_and_weights,
        ),
    ],
    json: options.Json = False,
) -> None:
    """Show a model's facts, its builder's arguments, and how to build it; or a weight's facts.

    [bold]Examples[/bold]

    zoo info resnet20

    zoo info resnet20.fashion_mnist

    zoo info resnet20.cifar10_akamaster
    """
    if name in registry.weight_cards():
        _show_weight(registry.weight_info(name), json=json)
        return
    if name in registry.pretrained_cards():
        from zoo.cli.weights_table import show_pretrained

        show_pretrained(name, json=json)
        return
    if name not in registry.MODELS:
        raise unknown(name)
    info = registry.model_info(name)
    if json:
        show_json(info)
        return
    shape = info["input_shape"]
    if isinstance(shape, dict):
        shape = {key: tuple(sides) for key, sides in shape.items()}
    else:
        shape = tuple(shape)
    macs = _counted(info["macs"])
    facts = [
        ("summary", info["summary"]),
        ("paper", f"{info['paper']} ({info['year']}) {info['arxiv'] and 'arXiv:' + info['arxiv']}"),
        ("parameters", _counted(info["params"])),
        ("multiply-adds", f"{macs} at {shape}" if info["macs"] else macs),
        ("weights", ", ".join(info["weights"]) or "none shipped"),
        *package_row(registry.model_card(name)),
    ]
    show_table(info["name"], ("", ""), facts)
    console.print()
    rows = [(n, a["type"], repr(a["default"])) for n, a in info["arguments"].items()]
    show_table("builder arguments", ("name", "type", "default"), rows)
    call = f"zoo.build({name!r}, input_shape={shape}, num_classes={info['num_classes']})"
    console.print(f"\n{call}", soft_wrap=True)


def _counted(count: int | None) -> str:
    return "not counted" if count is None else f"{count:,} ({human(count)})"


def _show_weight(info: dict[str, Any], *, json: bool) -> None:
    """Print the facts of `registry.weight_info` about a weight, and how to use it."""
    if json:
        show_json(info)
        return
    metric = registry.metric_of(registry.weight_card(info["name"]))
    facts = [
        ("model", info["model"]),
        ("trained on", f"{info['dataset']}, data licence {info['data_licence']}"),
        ("recipe", info["recipe"]),
        (f"test {info['metric']}", metric.text(info["value"])),
        ("95 % interval", metric.span(info) or "–"),
        ("parameters", f"{info['params']:,} ({human(info['params'])})"),
        ("size", f"{info['size_bytes'] / 1e6:.2f} MB"),
        ("sha256", info["sha256"]),
        *package_row(registry.weight_card(info["name"])),
    ]
    show_table(info["name"], ("", ""), facts)
    console.print(f"\nzoo.load({info['name']!r})", soft_wrap=True)
    console.print(next_command(info["name"], info["task"]), soft_wrap=True)


def unknown(name: str) -> UnknownNameError:
    """Make the error for a name that is neither a model nor a weight; say if it is a recipe or data
    set."""
    from recipes.values.load import recipe_names

    fix = "zoo list shows every model, zoo list --weights and --pretrained every weight"
    known = (*registry.MODELS, *registry.weight_cards(), *registry.pretrained_cards())
    if name in recipe_names():
        fix = f"it is a recipe: {command('zoo', 'recipes', 'show', name)}"
    elif any(card.name == name for card in registry.list_datasets()):
        fix = f"it is a data set: {command('zoo', 'data', name)}"
    return unknown_name("model or weight", name, known, fix=fix)
