"""`zoo explain`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import answer_options as answers
from zoo.cli import explain_check as checks
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
    shortcuts: checks.Shortcuts = False,
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

    zoo explain textcnn.docstrings "Open a mailbox and list its messages." --label mailbox

    zoo explain runs/image-digits-cnn-1 --shortcuts

    zoo explain --check runs/speech-vowels-dscnn-1 --picture checks.png
    """
    own = {"--label": label, "--baseline": baseline, "--column": column, "--output": output}
    own |= {"--examples": examples, "--seed": seed, "--picture": picture, "--method": method}
    checks.check_asked(own, inputs or [], check=check, shortcuts=shortcuts)
    if shortcuts:
        from zoo.cli.shortcuts_output import show_shortcuts

        show_shortcuts(target, json=json)
    elif check:
        from zoo.cli.explain_output import show_checks

        found = checks.checked(target, method, examples, seed, picture)
        show_json(found) if json else show_checks(found)
    else:
        how = {"label": label, "baseline": baseline, "column": column}
        _explain(target, inputs or [], method, how, output=output, json=json)


def _explain(
    target: str,
    inputs: list[str],
    method: str | None,
    how: dict[str, str | None],
    *,
    output: Path | None,
    json: bool,
) -> None:
    from recipes.explanations.explain import explained
    from recipes.explanations.methods import DEFAULT
    from recipes.runs.run import load
    from zoo.cli.explain_output import show, write_pictures
    from zoo.cli.inputs import inputs_of
    from zoo.cli.output import takes_words
    from zoo.cli.prediction_files import check_new

    if output is not None:
        check_new(output)
    run = load(target)
    paths = inputs_of(inputs, texts=takes_words(run))
    found = list(explained(run, paths, method=method or DEFAULT, **how))
    written = [] if json and output is None else write_pictures(found, output, run.name)
    if json:
        files = [{"pictures": list(map(str, paths))} for paths in written] or [{}] * len(found)
        show_json([one.to_dict() | more for (_, one), more in zip(found, files, strict=True)])
    else:
        show([one for _, one in found], written)
