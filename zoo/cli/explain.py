"""`zoo explain`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import answer_options as answers
from zoo.cli import options
from zoo.cli.embed import INPUTS_HELP, Target
from zoo.cli.output import show_json

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "--out",
        help="A new folder for the pictures; explanations/NAME-1 by default, and with --json none.",
    ),
]
Inputs = Annotated[list[str] | None, typer.Argument(help=INPUTS_HELP)]
Method = Annotated[
    str,
    typer.Option(
        help="integrated_gradients, attention_rollout, gradient_times_input, grad_cam, "
        "grad_cam_plus_plus, guided_backpropagation, kernel_shap, occlusion, rise or smooth_grad."
    ),
]
Label = Annotated[
    str | None, typer.Option(help="The class to explain; the predicted one by default.")
]
Baseline = Annotated[
    str | None,
    typer.Option(
        help='What stands for "nothing there": zeros, mean or blur for images, zeros, padding or '
        "unknown for texts, silence for sounds."
    ),
]
Shortcuts = Annotated[
    bool,
    typer.Option(
        "--shortcuts",
        help="Test, on the run's own test examples, whether a small part of the input alone decides "
        "for a class: a stamp, a click, a word. Takes no inputs.",
    ),
]


def explain_command(
    target: Target,
    inputs: Inputs = None,
    method: Method = "integrated_gradients",
    label: Label = None,
    baseline: Baseline = None,
    column: answers.Column = None,
    output: Output = None,
    shortcuts: Shortcuts = False,
    json: options.Json = False,
) -> None:
    """Show which pixels, tokens or moments speak for a class, of a model that classifies.

    An image gives a picture with heat, a text a page with coloured tokens, a sound a picture and the
    piece that mattered most as a .wav file.

    [bold]Examples[/bold]

    zoo explain cnn_small.digits seven.png

    zoo explain resnet50.a1_in1k photos/ --method grad_cam --out heat

    zoo explain textcnn.docstrings "Return the number of days in a month." --label calendar

    zoo explain runs/speech-vowels-dscnn-1 clip.wav --method kernel_shap --json

    zoo explain runs/image-digits-cnn-1 --shortcuts
    """
    if shortcuts or not inputs:
        from zoo.cli.shortcuts_output import show_shortcuts

        show_shortcuts(target, inputs, asked=shortcuts, json=json)
        return
    from recipes.explanations.explain import explained
    from recipes.runs.run import load
    from zoo.cli.explain_output import show, write_pictures
    from zoo.cli.inputs import inputs_of
    from zoo.cli.output import takes_words
    from zoo.cli.prediction_files import check_new

    if output is not None:
        check_new(output)
    run = load(target)
    paths = inputs_of(inputs, texts=takes_words(run))
    how = {"method": method, "label": label, "baseline": baseline, "column": column}
    found = list(explained(run, paths, **how))
    written = [] if json and output is None else write_pictures(found, output, run.name)
    if json:
        files = [{"pictures": [str(path) for path in paths]} for paths in written] or [{}] * len(
            found
        )
        show_json([one.to_dict() | more for (_, one), more in zip(found, files, strict=True)])
    else:
        show([one for _, one in found], written)
