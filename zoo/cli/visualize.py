"""`zoo visualize filters|features|neighbors|map|unit`."""

from typing import Annotated

import typer

from zoo.cli import options
from zoo.cli.embed import Inputs, Target
from zoo.cli.visualize_output import Data, Examples, Layer, Output, Split, show

app = typer.Typer(
    help="Show what a trained network has learned, in pictures.", no_args_is_help=True
)


@app.command("filters")
def filters_command(target: Target, output: Output = None, json: options.Json = False) -> None:
    """Draw the filters of the first layer; of a text model, the words that excite them.

    [bold]Examples[/bold]

    zoo visualize filters resnet20.fashion_mnist

    zoo visualize filters textcnn.docstrings --output filters.png
    """
    show(target, "filters", output, json=json)


@app.command("features")
def features_command(
    target: Target,
    inputs: Inputs,
    layer: Layer = None,
    output: Output = None,
    json: options.Json = False,
) -> None:
    """Draw what a layer gives for one input, channel by channel, the strongest first.

    [bold]Example[/bold]

    zoo visualize features cnn_small.digits seven.png --layer backbone/stage2_1_conv
    """
    show(target, "features", output, inputs, layer=layer, json=json)


@app.command("neighbors")
def neighbors_command(
    target: Target,
    inputs: Inputs,
    data: Data = None,
    split: Split = None,
    examples: Examples = None,
    output: Output = None,
    json: options.Json = False,
) -> None:
    """Show the training examples that are nearest to each input, to the network.

    [bold]Example[/bold]

    zoo visualize neighbors textcnn.docstrings "Create a socket and connect."
    """
    how = {"data": data, "split": split, "examples": examples}
    show(target, "neighbors", output, inputs, json=json, **how)


@app.command("map")
def map_command(
    target: Target,
    data: Data = None,
    split: Split = None,
    examples: Examples = None,
    output: Output = None,
    json: options.Json = False,
) -> None:
    """Draw the test examples as points, by class and by mistake: PCA, and t-SNE.

    [bold]Examples[/bold]

    zoo visualize map cnn_small.digits

    zoo visualize map resnet50.a1_in1k --data photos/
    """
    show(target, "map", output, json=json, data=data, split=split, examples=examples)


@app.command("unit")
def unit_command(
    target: Target,
    unit: Annotated[str, typer.Argument(help="A class, or with --layer a channel from 0.")],
    layer: Layer = None,
    data: Data = None,
    split: Split = None,
    examples: Examples = None,
    output: Output = None,
    json: options.Json = False,
) -> None:
    """Show the training examples that excite a unit most, and an image that is made for it.

    [bold]Examples[/bold]

    zoo visualize unit resnet20.fashion_mnist Sandal

    zoo visualize unit cnn_small.digits 12 --layer backbone/stage2_1_conv
    """
    how = {"data": data, "split": split, "examples": examples, "unit": unit, "layer": layer}
    show(target, "unit", output, json=json, **how)
