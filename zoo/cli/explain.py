"""`zoo explain`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import answer_options as answers
from zoo.cli import explain_check as checks
from zoo.cli import options
from zoo.cli.embed import Target
from zoo.cli.output import show_json

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "--out",
        help="A new folder for the pictures; explanations/NAME-1 by default, and with --json none.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        help="Files, folders, quoted patterns, tables, texts, or - for one text or path per line from "
        "standard input."
    ),
]
Method = Annotated[
    str | None,
    typer.Option(
        help="integrated_gradients, attention_rollout, gradient_times_input, grad_cam, "
        "grad_cam_plus_plus, guided_backpropagation, kernel_shap, occlusion, rise or smooth_grad; "
        "integrated_gradients by default, and with --check all that serve the run."
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


def explain_command(
    target: Target,
    inputs: Inputs = None,
    method: Method = None,
    label: Label = None,
    baseline: Baseline = None,
    column: answers.Column = None,
    output: Output = None,
    check: checks.Check = False,
    examples: checks.Examples = None,
    seed: checks.Seed = None,
    picture: checks.Picture = None,
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

    zoo explain --check runs/speech-vowels-dscnn-1 --picture checks.png
    """
    from zoo.cli.explain_output import show, show_checks, write_pictures

    own = {"--label": label, "--baseline": baseline, "--column": column, "--output": output}
    own |= {"--examples": examples, "--seed": seed, "--picture": picture}
    checks.check_asked(check, inputs or [], own)
    if check:
        found = checks.checked(target, method, examples, seed, picture)
        show_json(found) if json else show_checks(found)
        return
    from recipes.explanations.explain import explained
    from recipes.explanations.methods import DEFAULT
    from recipes.runs.run import load
    from zoo.cli.inputs import inputs_of
    from zoo.cli.output import takes_words
    from zoo.cli.prediction_files import check_new

    if output is not None:
        check_new(output)
    run = load(target)
    paths = inputs_of(inputs or [], texts=takes_words(run))
    how = {"method": method or DEFAULT, "label": label, "baseline": baseline, "column": column}
    found = list(explained(run, paths, **how))
    written = [] if json and output is None else write_pictures(found, output, run.name)
    if json:
        none: list[dict[str, list[str]]] = [{}] * len(found)
        files = [{"pictures": list(map(str, paths))} for paths in written] or none
        show_json([one.to_dict() | more for (_, one), more in zip(found, files, strict=True)])
    else:
        show([one for _, one in found], written)
