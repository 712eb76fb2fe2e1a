"""How many steps, examples and CPU seconds does training take to a fixed accuracy, by batch size?

    python benchmarks/batch_size.py --seeds 3 --write

Three embedded recipes, four batch sizes. For each of these 12 the learning rate is tuned with one run a
rate (about 4), and the best is run with 3 other seeds: about 90 runs of 2 to 15 CPU seconds, 10 minutes
of CPU time together. Then 3 runs each for the noise scale, and the time of a step, 2 minutes more.
Results are kept in a file, so that it can be stopped and go on.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
from batch_size_page import draw, to_lines
from looking import measured, parser, publish, start
from rounds import orders, positive

from recipes.diagnosis.noise_scale import NoiseScale
from recipes.runs.evaluate import predictions_of
from recipes.training.setup import Setup, prepare
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo.data.pipeline import training_stream

SIZES = (8, 32, 128, 512)
BARE = {"regularization": {"preset": "none"}, "schedule": {"name": "constant"}}
VALIDATION = 0.3  # of train and validation, so that a goal is not a matter of few examples


class Case(NamedTuple):
    """A recipe, what is changed in it, the goal on validation, and where the rates start."""

    recipe: str
    changes: dict[str, Any]
    goal: float
    rate: float  # for batches of 64; that of others by the square root of their size


_DIGITS = {"model.arguments": {"widths": [16, 32], "normalization": "group"}}
_VOWELS = {"model": {"name": "crnn", "arguments": {}}}
_TEXTS = {"model.arguments": {"embedding_dim": 64}}
CASES = {
    "digits": Case("image/digits-cnn", _DIGITS, 0.9, 6e-3),
    "vowels": Case("speech/vowels-dscnn", _VOWELS, 0.75, 4e-3),
    "docstrings": Case("text/docstrings-textcnn", _TEXTS, 0.75, 6e-3),
}
FACTOR = 2.0  # between rates
MOST_RATES = 5
MOST_STEPS, MOST_PASSES = 3000, 60
FIRST_CHECK, EVERY = 2, 1.12  # steps to the first check; the next comes at 1.12 times as many
NOISE_SIZE, NOISE_POINTS = 32, 10
TIMED_STEPS = 5


def recipe_of(name: str, size: int, exponent: int, seed: int) -> Recipe:
    """Return the recipe of one run; its rate is the rule's times FACTOR to the power of `exponent`."""
    case = CASES[name]
    rate = case.rate * (size / 64) ** 0.5 * FACTOR**exponent
    changes = BARE | {"data.validation_fraction": VALIDATION} | case.changes
    own = {
        "optimizer.learning_rate": float(f"{rate:.3g}"),
        "training.batch_size": size,
        "training.seed": seed,
    }
    return load_recipe(case.recipe).with_values(changes).with_values(own)


def checks(most: int) -> list[int]:
    """Return after which steps validation is looked at.

    >>> checks(14)
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]
    """
    found, at = [], float(FIRST_CHECK)
    while round(at) <= most:
        found.append(round(at))
        at = max(at * EVERY, found[-1] + 1.0)
    return found


def reached(steps: list[int], accuracies: list[float], goal: float) -> int | None:
    """Return the middle step of the first three checks in a row whose mean is the goal or more.

    >>> reached([1, 2, 3, 4], [0.5, 0.9, 0.8, 0.85], 0.8)
    3
    """
    for place in range(1, len(steps) - 1):
        if statistics.fmean(accuracies[place - 1 : place + 2]) >= goal:
            return steps[place]
    return None


class AtSteps(keras.callbacks.Callback):
    """Call `look` after certain steps of the only epoch; end training where it returns True."""

    def __init__(self, steps: list[int], look: Callable[[], bool | None]):
        super().__init__()
        self.steps, self.look = set(steps), look

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch + 1 in self.steps and self.look():
            self.model.stop_training = True


def fit(setup: Setup, steps: int, *callbacks: keras.callbacks.Callback) -> None:
    """Train for `steps` steps in one epoch."""
    values = setup.recipe.training
    how = {"batch_size": values.batch_size, "seed": values.seed, "augment": setup.augment}
    stream = training_stream(setup.train, **how)
    setup.model.fit(stream, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[*callbacks])


def run(name: str, size: int, exponent: int, seed: int, most: int) -> int | None:
    """Train to the goal; return the steps that it took, or None where `most` do not suffice."""
    setup = prepare(recipe_of(name, size, exponent, seed))
    goal, accuracies, steps = CASES[name].goal, [], checks(most)

    def look() -> bool:
        how = (setup.model, setup.task, setup.assets, setup.validation)
        accuracies.append(setup.task.score(*predictions_of(*how, batch_size=1024))["accuracy"])
        return reached(steps[: len(accuracies)], accuracies, goal) is not None

    fit(setup, steps[-1], AtSteps(steps, look))
    return reached(steps[: len(accuracies)], accuracies, goal)


def tune(name: str, size: int, one: Callable[..., int | None], most: int) -> int | None:
    """Return the exponent of the rate that takes the fewest steps, with seed 0.

    Rates are tried from the rule's outward until the best has a worse one on both sides; one that is
    not there after 1.5 times the fewest steps so far is given up.
    """
    found: dict[int, float] = {}

    def tried(exponent: int) -> None:
        fewest = min(found.values(), default=float("inf"))
        limit = min(most, round(1.5 * fewest) if fewest < float("inf") else most)
        found[exponent] = one(name, size, exponent, 0, limit) or float("inf")

    for exponent in (0, -1, 1):
        tried(exponent)
    while len(found) < MOST_RATES:
        best = min(found, key=found.__getitem__)
        beside = [e for e in (best - 1, best + 1) if e not in found]
        if not beside:
            break
        tried(beside[0])
    best = min(found, key=found.__getitem__)
    return best if found[best] < float("inf") else None


def noise(name: str, size: int, exponent: int, seed: int, steps: int) -> list[list[float]]:
    """Return |G|² and tr Σ of the gradient at equal distances on the way to the goal."""
    setup, records = prepare(recipe_of(name, size, exponent, seed)), [{}]
    scale = NoiseScale(setup.train, records, batch_size=NOISE_SIZE, seed=seed)
    scale.set_model(setup.model)
    places = [max(1, round(steps * (i + 0.5) / NOISE_POINTS)) for i in range(NOISE_POINTS)]
    found = []

    def look() -> None:
        scale.on_epoch_end(len(found))
        one = records[-1]["noise"]
        found.append([one["gradient_squared"], one["covariance_trace"]])

    fit(setup, steps, AtSteps(places, look))
    return found


def step_times(name: str, rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds a step by batch size, one for each round; sizes take turns."""
    setups = {size: prepare(recipe_of(name, size, 0, 1)) for size in SIZES}
    for setup in setups.values():
        fit(setup, 2)  # compiles
    found: dict[str, list[float]] = {str(size): [] for size in setups}
    for order in orders(setups, rounds):
        for size in order:
            clock = Clock()
            fit(setups[size], 2 + TIMED_STEPS, clock)
            found[str(size)].append(clock.seconds / TIMED_STEPS)
    return found


class Clock(keras.callbacks.Callback):
    """CPU time of this process from the second step on, all its threads together."""

    began = seconds = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 1:
            self.began = time.process_time()
        self.seconds = time.process_time() - self.began


def everything(options: argparse.Namespace) -> dict[str, Any]:
    """Run what is missing; return the results of each case."""
    path, results = options.results, {}

    def cached(kind: Callable, *cell: Any) -> Any:
        whole = (kind.__name__, *cell)
        return measured(path, [whole], lambda _, *arguments: kind(*arguments))[whole]

    for name in CASES:
        examples = len(prepare(recipe_of(name, NOISE_SIZE, 0, 1)).train)
        sizes = dict(sized(name, examples, options.seeds, cached))
        found = results[name] = {"examples": examples, "sizes": sizes}
        found["times"] = cached(step_times, name, options.rounds)
        at = found["sizes"][NOISE_SIZE]
        found["noise"] = [
            cached(noise, name, NOISE_SIZE, at["exponent"], seed, steps)
            for seed, steps in enumerate(at["steps"], start=1)
            if steps
        ]
    return results


def sized(
    name: str, examples: int, seeds: int, cached: Callable
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each batch size at which the goal is reached, with its best rate and the steps by seed."""
    for size in SIZES:
        most = min(MOST_STEPS, MOST_PASSES * examples // size)
        best = tune(name, size, lambda *cell: cached(run, *cell), most)
        if best is None:
            continue
        steps = [cached(run, name, size, best, seed, most) for seed in range(1, seeds + 1)]
        rate = recipe_of(name, size, best, 1).optimizer.learning_rate
        yield size, {"exponent": best, "rate": rate, "steps": steps}


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--rounds", type=positive, default=5, help="turns of each timed step")
    options.add_argument("--results", type=Path, default=Path("batch_size.jsonl"))
    options = options.parse_args(arguments)
    with start():
        results = everything(options)
        publish("batch_size", to_lines(results, CASES, options), draw(results), options)


if __name__ == "__main__":
    main()
