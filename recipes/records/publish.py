"""Turn finished runs into the recipe's `expects` and a shipped weight with its card.

    python -m recipes.records.publish RUN RUN RUN [--weights] [--name NAME]
    python -m recipes.records.publish --intervals

The runs differ in their seed only. The weight is that of the run with the best validation metric,
so the test split has no influence on the choice. `--intervals` evaluates the weights that ship and
writes their intervals again, for use after the method has changed; values stay as they are.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from recipes.objects import builder_arguments
from recipes.records.verify import hardware
from recipes.runs.answering import TEMPERATURE
from recipes.runs.run import Run, load_run
from recipes.runs.trained import read_json
from recipes.values.load import dump_yaml, load_recipe, recipe_path
from recipes.values.sections import Expects
from zoo import registry
from zoo.errors import RunError, command
from zoo.files import write_text
from zoo.metrics.intervals import prediction_interval
from zoo.regularization import AUTO

FLOAT16_TOLERANCE = 0.001  # of the metric; of scores from 0 to 100 a tenth
SIZE_LIMIT_BYTES = 2_000_000
SEEDS = 3  # at least
_UNMEASURED = {"expects": "unmeasured"}  # what was expected of a run changed nothing in it
WEIGHTS_FOLDER = registry.CATALOG / "weights"


def expects_of(runs: list[Run]) -> Expects:
    """Sum up runs of one recipe that differ in their seed.

    Raises:
        RunError: they are too few, do not have the recipe's current values, share a seed, or used
            different data or machines; or the recipe does not state its preset.
    """
    metric = runs[0].task.metric
    minutes = min(run.metrics["seconds"] for run in runs) / 60  # the least disturbed
    _check_runs(runs)
    environments = [read_json(run.path / "environment.json") for run in runs]
    facts = {
        "data": {run.fingerprint for run in runs},
        "machine": {hardware(environment) for environment in environments},
        "versions": {str(environment["versions"]) for environment in environments},
    }
    for what, found in facts.items():
        if len(found) != 1:
            raise RunError(f"These runs differ in their {what}: {'; '.join(sorted(found))}.")
    values = {
        run.recipe.training.seed: run.metrics["metrics"][metric]["value"]
        for run in sorted(runs, key=lambda run: run.recipe.training.seed)
    }
    low, high = prediction_interval(list(values.values()), runs[0].task.metrics[0])
    versions = environments[0]["versions"]
    return Expects(
        metric=metric,
        values=values,
        mean=round(sum(values.values()) / len(values), 6),
        low=round(low, 6),
        high=round(high, 6),
        minutes=round(minutes, 1),
        hardware=facts["machine"].pop(),
        data_fingerprint=facts["data"].pop(),
        versions={name: versions[name] for name in ("tensorflow", "keras", "numpy")},
    )


def _check_runs(runs: list[Run]) -> None:
    seeds = {run.recipe.training.seed for run in runs}
    if len(seeds) < SEEDS or len(seeds) != len(runs):
        raise RunError(
            f"{len(runs)} runs with {len(seeds)} seeds are not enough to predict another.",
            expected=f"{SEEDS} seeds or more, each once",
            fix="zoo train RECIPE training.seed=2 and so on",
        )
    name = runs[0].recipe.name
    if fields := load_recipe(name).automatic:
        section, field = fields[0].split(".")
        taken = getattr(getattr(runs[0].recipe, section), field)
        raise RunError(
            f"{name} has {fields[0]}={AUTO}: its record would change with the rules.",
            expected=f"the {field} that the runs were trained with, {taken}",
            fix=f"write {fields[0]}: {taken} into {recipe_path(name)}",
        )
    for run in runs:
        now = load_recipe(name).with_values({"training.seed": run.recipe.training.seed})
        if now.resolved() | _UNMEASURED != run.recipe.resolved() | _UNMEASURED:
            raise RunError(
                f"{run.name} was not trained with the current values of {name}.",
                expected="runs of the recipe that differ only in the seed",
                fix=command("zoo", "train", name, f"training.seed={run.recipe.training.seed}"),
            )


def validation_of(run: Run) -> float:
    """Return the validation metric of the weights that the run kept."""
    if run.recipe.training.select == "best":
        return run.metrics["selection"]["best"]
    return run.history[-1][f"val_{run.recipe.monitored_metric.name}"]


def write_expects(path: Path, expects: Expects) -> None:
    """Put `expects` in a recipe file, in place of its last section; comments stay."""
    head, mark, _ = path.read_text(encoding="utf-8").partition("\nexpects:")
    if not mark:
        raise RunError(f"{path} has no line that begins with `expects:`.", fix="add one at its end")
    write_text(path, head + "\n" + dump_yaml({"expects": expects.model_dump()}))


def ship(run: Run, *, name: str) -> dict[str, Any]:
    """Write a run's weights and card into the catalog; return the card.

    Raises:
        RunError: the data's licence does not allow it, or the file would be too large.
    """
    from zoo.complexity import count_params
    from zoo.weights import save_model_weights

    cards = {card.name: card for card in registry.list_datasets()}
    data = cards.get(run.recipe.data.name)
    if data is None or not data.may_ship_weights:
        raise RunError(
            f"The licence of {run.recipe.data.name} does not allow weights to be shipped."
        )
    file = WEIGHTS_FOLDER / f"{name}.safetensors"
    value = run.metrics["metrics"][run.task.metric]["value"]
    tolerance = FLOAT16_TOLERANCE * (100 if run.task.metrics[0].unit == "points" else 1)
    for dtype in ("float16", "float32"):
        sha256 = save_model_weights(file, run.model, dtype=dtype)
        stored = _as_stored(run, file, sha256)
        result = stored.evaluate()
        if abs(result["metrics"][run.task.metric]["value"] - value) <= tolerance:
            break
    if file.stat().st_size > SIZE_LIMIT_BYTES:
        file.unlink()
        raise RunError(f"{name} would take more than {SIZE_LIMIT_BYTES / 1e6:.0f} MB.")
    scores = result["metrics"][run.task.metric]
    card = {
        "name": name,
        "model": run.recipe.model.name,
        "recipe": run.recipe.name,
        "resolved_recipe": run.recipe.resolved()
        | {"model": run.recipe.model.model_dump() | {"arguments": builder_arguments(run.recipe)}}
        | _UNMEASURED,
        "assets": run.assets.to_dict(),
        "dataset": run.recipe.data.name,
        "data_licence": data.licence,
        "data_fingerprint": run.fingerprint,
        "seed": run.recipe.training.seed,
        "dtype": dtype,
        "metric": run.task.metric,
        **scores,
        "metrics": {
            "split": "test",
            "examples": result["examples"],
            "metrics": result["metrics"],
            **_temperature_of(stored),
        },
        "params": count_params(run.model),
        "sha256": sha256,
        "size_bytes": file.stat().st_size,
    }
    write_text(WEIGHTS_FOLDER / f"{name}.json", json.dumps(card, indent=1) + "\n")
    return card


def renew_intervals(name: str, *, data_dir: str | None = None) -> dict[str, Any]:
    """Recompute the intervals of a shipped weight; return its card.

    Raises:
        RunError: the data is not what the weight was measured on.
    """
    path = WEIGHTS_FOLDER / f"{name}.json"
    card, found = read_json(path), load_run(name).evaluate(data_dir=data_dir)
    if not found["data_as_trained"]:
        raise RunError(f"{card['dataset']} is not what {name} was measured on.")
    entries = card["metrics"]["metrics"]
    for metric, entry in found["metrics"].items():
        entries[metric] = entry | {"value": entries.get(metric, entry)["value"]}
    card |= entries[card["metric"]]
    card["metrics"] |= _temperature_of(load_run(name), data_dir=data_dir)
    write_text(path, json.dumps(card, indent=1) + "\n")
    return card


def _temperature_of(run: Run, *, data_dir: str | None = None) -> dict[str, Any]:
    """Return the temperature of a classifier, and what it does to the test examples, for its card."""
    if not run.assets.label:
        return {}
    found = run.evaluate(calibrated=True, data_dir=data_dir)
    after = {name: found["metrics"][name]["value"] for name in found["uncalibrated"]}
    test = {
        when: {name: round(value, 6) for name, value in values.items()}
        for when, values in (("before", found["uncalibrated"]), ("after", after))
    }
    return {TEMPERATURE: found["temperature"] | {"test": test}}


def _as_stored(run: Run, file: Path, sha256: str) -> Run:
    return Run(
        name=run.name,
        recipe=run.recipe,
        assets=run.assets,
        metrics=run.metrics,
        weights_path=file,
        sha256=sha256,
    )


def main() -> None:
    """Write `expects` of the runs' recipe and, with --weights, ship the chosen run's weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument(
        "--intervals", action="store_true", help="recompute those of shipped weights"
    )
    parser.add_argument("--weights", action="store_true", help="ship the best run's weights")
    parser.add_argument("--name", help="name of the weight; MODEL.DATASET by default")
    arguments = parser.parse_args()
    if arguments.intervals:
        for name in registry.weight_cards():
            card = renew_intervals(name)
            print({key: card[key] for key in ("name", "value", "low", "high", "method")})
        return
    if not arguments.runs:
        parser.error("name the runs, or give --intervals")
    runs = [load_run(path) for path in arguments.runs]
    expects = expects_of(runs)
    write_expects(recipe_path(runs[0].recipe.name), expects)
    print(dump_yaml(expects.model_dump()))
    if arguments.weights:
        sign = runs[0].recipe.monitored_metric.sign
        chosen = max(runs, key=lambda run: sign * validation_of(run))
        recipe = chosen.recipe
        card = ship(chosen, name=arguments.name or f"{recipe.model.name}.{recipe.data.name}")
        print({key: card[key] for key in ("name", "seed", "dtype", "value", "size_bytes")})


if __name__ == "__main__":
    main()
