"""The process that trains: one request per line on stdin, one answer per line on stdout.

    python -c "from tuning.workers.worker import main; main()"

It lives through many trials, since loading TensorFlow costs more than a small trial does. It ends when
stdin does: its client has ended, and a resumed study would train in the same folder.
"""

import dataclasses
import gc
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from recipes.objects import make_dataset, make_task, precision
from recipes.runs.trained import RECIPE, write_recipe
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from tuning.validation import outcome
from zoo import devices
from zoo.errors import ZooError
from zoo.registration import import_modules


def describe(*, values: dict[str, Any], data_dir: str | None) -> dict[str, Any]:
    """Load a recipe's data and return the facts: {"metric", "mode", "fingerprint"}."""
    recipe = Recipe.parse(values, source=values["name"])
    make_task(recipe.provisional())  # refuses its arguments before the data is read
    dataset, metric = make_dataset(recipe, data_dir=data_dir), recipe.monitored_metric
    return {"metric": metric.name, "mode": metric.mode, "fingerprint": dataset.fingerprint}


def trial(*, folder: str, epochs: int, data_dir: str | None) -> dict[str, Any]:
    """Train the recipe in a folder up to an epoch, from its checkpoint if it has one; never read test.

    The schedule is that of the whole recipe, so a trial that is continued later equals, bit for bit, an
    uninterrupted run.
    """
    import keras

    from recipes.training.encoders import keep_inputs
    from recipes.training.setup import prepare
    from recipes.training.train import fit

    started = time.perf_counter()
    recipe = load_recipe(Path(folder) / RECIPE)
    device = devices.prepare(None)
    keras.backend.clear_session()  # what the last trial left behind
    gc.collect()
    with precision(recipe):
        setup = prepare(recipe, device=device, begun=Path(folder), data_dir=data_dir)
        prepared = time.perf_counter() - started
        if setup.recipe != recipe:  # with the preset that was chosen
            write_recipe(Path(folder), setup.recipe)
        keep_inputs(Path(folder), setup.recipe, setup.assets)
        setup = dataclasses.replace(setup, recipe=_ending_after(setup.recipe, epochs))
        recorder, _, selection = fit(setup, Path(folder), resume=True, progress=False)
    found = outcome(setup, recorder, selection)
    return found | {"seconds": round(prepared + found["seconds"], 1)}


def finish(*, folder: str, data_dir: str | None) -> dict[str, Any]:
    """Complete the run in a folder, reading the test split; return its test metrics."""
    from recipes.training.train import train

    run = train(
        Path(folder) / RECIPE, run_dir=folder, resume=True, data_dir=data_dir, progress=False
    )
    return {"metrics": run.metrics["metrics"], "epochs": len(run.history)}


def _ending_after(recipe: Recipe, epochs: int) -> Recipe:
    """Return the recipe that `fit` ends early; not validated, as the run is still the whole recipe's."""
    training = recipe.training.model_copy(update={"epochs": epochs})
    return recipe.model_copy(update={"training": training})


ACTIONS = {"describe": describe, "trial": trial, "finish": finish}


def main() -> None:
    """Answer requests until stdin ends; an unexpected error ends the process with a traceback."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches the whole group: the asker decides
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        try:
            import_modules(request.pop("modules"))  # cards that the asker registered
            answer = {"found": ACTIONS[request.pop("action")](**request)}
        except ZooError as error:
            kind = type(error).__name__
            said = {"problem": error.problem, "expected": error.expected, "fix": error.fix}
            answer = {"error": kind, "said": said}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(requests: queue.Queue) -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)  # at once, in the middle of a step: checkpoints are whole or not there
