"""The `zoo` command."""

import logging
import os
import sys

import typer

from zoo.cli import (
    data,
    doctor,
    evaluate,
    export,
    finetune,
    generate,
    models,
    predict,
    recipes,
    train,
    tune,
    verify,
)
from zoo.cli.output import show_error
from zoo.errors import ZooError
from zoo.ownership import import_error

app = typer.Typer(
    name="zoo",
    help="A Keras 3 model zoo with recipes that come true.",
    epilog="Start with: zoo train image/digits-cnn",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("list")(models.list_command)
app.command("info")(models.info_command)
app.command("data")(data.data_command)
app.add_typer(recipes.app, name="recipes")
app.command("train")(train.train_command)
app.command("tune")(tune.tune_command)
app.command("finetune")(finetune.finetune_command)
app.command("evaluate")(evaluate.evaluate_command)
app.command("predict")(predict.predict_command)
app.command("generate")(generate.generate_command)
app.command("export")(export.export_command)
app.command("verify")(verify.verify_command)
app.command("doctor")(doctor.doctor_command)


def main() -> None:
    """Run the command line; a user's mistake ends in one screen and a non-zero exit code."""
    # Set before TensorFlow loads: start-up notices that concern nobody (warnings and errors stay).
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    logging.getLogger("absl").setLevel(logging.ERROR)  # TFDS warns there of what our errors say
    try:
        app(prog_name="zoo")
    except ZooError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except ImportError as error:  # a package that is missing, or that owns a name of ours
        known = import_error(error.name or "kerazoo", error)
        show_error(known)
        sys.exit(known.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
