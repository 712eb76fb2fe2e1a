"""The `zoo` command."""

import logging
import os
import sys
from typing import Annotated

import typer

import zoo
from zoo.cli import (
    baseline,
    compare,
    convert,
    data,
    doctor,
    embed,
    ensemble,
    evaluate,
    explain,
    export,
    finetune,
    generate,
    info,
    models,
    predict,
    recipes,
    start,
    train,
    tune,
    verify,
    visualize,
    weights,
)
from zoo.cli.options import check_paths
from zoo.cli.output import never_fail_to_print, plain_warnings, show_error_document
from zoo.cli.table import check_pipe
from zoo.cli.usage import leave, say_more
from zoo.cli.voices import Enrolling
from zoo.errors import ArgumentError, Interrupted, ZooError
from zoo.ownership import import_error

app = typer.Typer(
    epilog="Start with: zoo train image/digits-cnn\n\n"
    "Exit codes: 0 success; 1 a check found something, or some inputs failed; 2 a mistake in the "
    "command, a recipe, the data or the machine; 130 stopped with Ctrl-C.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"kerazoo {zoo.__version__}")
        raise typer.Exit


_ABOUT = {"help": "Show the version.", "callback": _show_version, "is_eager": True}


@app.callback()
def _options(version: Annotated[bool, typer.Option("--version", **_ABOUT)] = False) -> None:
    """A Keras 3 model zoo with recipes that come true."""


app.command("list")(models.list_command)
app.command("info")(info.info_command)
app.command("data")(data.data_command)
app.command("start")(start.start_command)
app.command("train")(train.train_command)
app.command("tune")(tune.tune_command)
app.command("finetune")(finetune.finetune_command)
app.command("baseline")(baseline.baseline_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("compare")(compare.compare_command)
app.command("ensemble")(ensemble.ensemble_command)
app.command("predict", cls=Enrolling)(predict.predict_command)
app.command("explain")(explain.explain_command)
app.command("embed")(embed.embed_command)
app.command("generate")(generate.generate_command)
app.command("export")(export.export_command)
app.command("convert")(convert.convert_command)
app.command("verify")(verify.verify_command)
app.command("doctor")(doctor.doctor_command)
for _name, _group in (("recipes", recipes), ("visualize", visualize), ("weights", weights)):
    app.add_typer(_group.app, name=_name)


def main() -> None:
    """Run the command line; a user's mistake gives one screen and a non-zero exit code.

    With --json an error is a document on stdout as well: {"error": {"problem", "expected", "fix"}}.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # before TensorFlow loads: no notices of it
    logging.getLogger("absl").setLevel(logging.ERROR)  # TFDS logs what our errors already say
    never_fail_to_print()
    plain_warnings()
    json = "--json" in sys.argv
    try:
        check_paths(sys.argv[1:])
        app(prog_name="zoo")
    except SystemExit as end:  # typer has said why
        check_pipe()
        if end.code == ArgumentError.exit_code:
            say_more(app, sys.argv[1:], json=json)
        elif json and end.code == Interrupted.exit_code:
            show_error_document(Interrupted("Stopped with Ctrl-C."))
        raise
    except ZooError as error:
        leave(error, json=json)
    except ImportError as error:  # a package that is missing, or that owns a name of ours
        leave(import_error(error.name or "kerazoo", error), json=json)
    except KeyboardInterrupt:
        sys.exit(Interrupted.exit_code)


if __name__ == "__main__":
    main()
