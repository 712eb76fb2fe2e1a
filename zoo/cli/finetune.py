"""`zoo finetune`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo import devices
from zoo.cli import complete, options
from zoo.cli.output import show_json, show_metrics, show_run, show_verdict

Target = Annotated[
    str,
    typer.Argument(help="A run directory, weight or recipe name.", autocompletion=complete.targets),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(help="Changes as key=value, such as initialization.backbone_rate=0.3."),
]
Data = Annotated[
    str,
    typer.Option(help="A folder, a table, or a data set's name.", autocompletion=complete.datasets),
]
Epochs = Annotated[
    int | None, typer.Option(help="Epochs in total; 0 only fits a head on features.", min=0)
]
FrozenEpochs = Annotated[
    int | None, typer.Option(help="Epochs in which only the head is trained.", min=0)
]
Rate = Annotated[float | None, typer.Option(help="Learning rate of the head.")]
Seed = Annotated[int, typer.Option(help="Seed of head, order and augmentation.", min=0)]
RunDir = Annotated[Path | None, typer.Option(help="Folder of the run; runs/finetune-… by default.")]


def finetune_command(
    target: Target,
    overrides: Overrides = None,
    data: Data = ...,
    epochs: Epochs = None,
    frozen_epochs: FrozenEpochs = None,
    learning_rate: Rate = None,
    seed: Seed = 1,
    run_dir: RunDir = None,
    resume: options.Resume = False,
    smoke: options.Smoke = False,
    device: options.Device = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    skip_corrupt: options.SkipCorrupt = False,
    checkpoint_minutes: options.CheckpointMinutes = 10.0,
    json: options.Json = False,
) -> None:
    """Fine-tune a model on other data: a new head first, then the whole model at a lower rate.

    The result is a run like any other: predict, evaluate, export, resume. Published weights begin
    with a head that is fitted on their features, which are computed once and kept.

    [bold]Examples[/bold]

    zoo finetune resnet20.fashion_mnist --data ./bags

    zoo finetune runs/image-digits-cnn-1 --data ./letters --epochs 20 --frozen-epochs 5

    zoo finetune resnet50.a1_in1k --data ./photos --epochs 0   [dim]# a linear probe[/dim]

    zoo finetune resnet50.a1_in1k --data ./photos task.arguments.image_size=160
    """
    devices.load_tensorflow()  # quietly
    from recipes.training.finetune import finetune

    run = finetune(
        target,
        data,
        *(overrides or []),
        epochs=epochs,
        frozen_epochs=frozen_epochs,
        learning_rate=learning_rate,
        seed=seed,
        run_dir=run_dir,
        resume=resume,
        smoke=smoke,
        device=device,
        data_dir=data_dir,
        download=download,
        skip_corrupt=skip_corrupt,
        checkpoint_minutes=checkpoint_minutes,
    )
    if json:
        beside = {"baselines": run.metrics.get("baselines", {})}
        show_json({"run": str(run.path), "metrics": run.metrics["metrics"], **beside})
        return
    show_metrics(run.metrics["metrics"], run.task.metrics)
    show_verdict(run)
    show_run(run)
