"""The value of a training run: the validation metric of the weights that it keeps."""

from typing import Any

from recipes.training.setup import Setup


def outcome(setup: Setup, recorder: Any, selection: Any) -> dict[str, Any]:
    """Score a run on its validation split only.

    `training.select` decides: with "best" it is the best epoch's metric, with "last" the last one's,
    as those are the weights that the run keeps. The test split is not read.

    Returns:
        {"value", "loss", "epoch", "epochs", "seconds", "stopped", "fingerprint"}; "value" is None
        where training diverged and no weights are to be kept. "loss" is that epoch's validation
        loss, None where the task has none.
    """
    history, state = recorder.history, selection.state
    keeps_last = setup.recipe.training.select == "last"
    lost = state["best"] is None or (keeps_last and state["stopped"] == "diverged")
    epoch = len(history) if keeps_last else state["best_epoch"]
    kept = {} if lost else history[epoch - 1]
    return {
        "value": kept.get(f"val_{setup.recipe.monitored_metric.name}"),
        "loss": kept.get("val_loss"),
        "epoch": 0 if lost else epoch,
        "epochs": len(history),
        "seconds": sum(entry["seconds"] for entry in history),
        "stopped": state["stopped"],
        "fingerprint": setup.dataset.fingerprint,
    }
