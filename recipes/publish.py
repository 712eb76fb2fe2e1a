"""Turn finished runs into what the package states and ships: `expects` and a weight with its card.

    python -m recipes.publish RUN RUN RUN [--weights]

The runs differ in their seed only. The weight is that of the run with the best validation metric,
so that the test split decides nothing.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from recipes.load import dump_yaml, recipe_path
from recipes.run import Run, load, read_json
from recipes.schema import Expects, prediction_interval
from recipes.verify import hardware
from zoo import registry
from zoo.errors import RunError
from zoo.files import write_text

FLOAT16_TOLERANCE = 0.001  # of the metric
SIZE_LIMIT_BYTES = 2_000_000
WEIGHTS_FOLDER = registry.CATALOG / "weights"


def expects_of(runs: list[Run]) -> Expects:
    """Sum up runs of one recipe that differ in their seed.

    Raises:
        RunError: the runs differ in anything else, two have the same seed, or there is only one.
    """
    if len(runs) < 2:
        raise RunError(
            "One run says nothing of how far another may land.",
            expected="two or more finished runs, better five",
            fix="zoo train RECIPE training.seed=2 and so on",
        )
    first = runs[0]
    metric = first.task.metric
    same = {"training.seed": 0, "expects": "unmeasured"}  # what was expected of it changed nothing
    plain = [run.recipe.with_values(same) for run in runs]
    seeds = [run.recipe.training.seed for run in runs]
    if any(recipe != plain[0] for recipe in plain) or len(set(seeds)) != len(runs):
        raise RunError(
            "These runs do not differ in their seed alone.",
            expected="runs of one recipe, each with a seed of its own",
            fix="zoo train RECIPE training.seed=2 and so on",
        )
    fingerprints = {run.fingerprint for run in runs}
    if len(fingerprints) != 1:
        raise RunError(f"These runs saw different data: {', '.join(sorted(fingerprints))}.")
    values = {
        seed: run.metrics["metrics"][metric]["value"]
        for seed, run in sorted(zip(seeds, runs, strict=True), key=lambda pair: pair[0])
    }
    low, high = prediction_interval(list(values.values()))
    versions = read_json(first.path / "environment.json")["versions"]
    return Expects(
        metric=metric,
        values=values,
        mean=round(sum(values.values()) / len(values), 6),
        low=round(low, 6),
        high=round(high, 6),
        minutes=round(max(run.metrics["seconds"] for run in runs) / 60, 1),
        hardware=hardware(),
        data_fingerprint=fingerprints.pop(),
        versions={name: versions[name] for name in ("tensorflow", "keras", "numpy")},
    )


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
    for dtype in ("float16", "float32"):
        sha256 = save_model_weights(file, run.model, dtype=dtype)
        stored = _as_stored(run, file, sha256)
        result = stored.evaluate()
        if abs(result["metrics"][run.task.metric]["value"] - value) <= FLOAT16_TOLERANCE:
            break
    if file.stat().st_size > SIZE_LIMIT_BYTES:
        file.unlink()
        raise RunError(f"{name} would take more than {SIZE_LIMIT_BYTES / 1e6:.0f} MB.")
    scores = result["metrics"][run.task.metric]
    card = {
        "name": name,
        "model": run.recipe.model.name,
        "recipe": run.recipe.name,
        "resolved_recipe": run.recipe.resolved() | {"expects": "unmeasured"},
        "assets": run.assets.to_dict(),
        "dataset": run.recipe.data.name,
        "data_licence": data.licence,
        "data_fingerprint": run.fingerprint,
        "seed": run.recipe.training.seed,
        "dtype": dtype,
        "metric": run.task.metric,
        **scores,
        "metrics": {"split": "test", "examples": result["examples"], "metrics": result["metrics"]},
        "params": count_params(run.model),
        "sha256": sha256,
        "size_bytes": file.stat().st_size,
    }
    write_text(WEIGHTS_FOLDER / f"{name}.json", json.dumps(card, indent=1) + "\n")
    return card


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
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--weights", action="store_true", help="ship the best run's weights")
    arguments = parser.parse_args()
    runs = [load(path) for path in arguments.runs]
    expects = expects_of(runs)
    write_expects(recipe_path(runs[0].recipe.name), expects)
    print(dump_yaml(expects.model_dump()))
    if arguments.weights:
        sign = 1 if runs[0].task.mode == "max" else -1
        chosen = max(runs, key=lambda run: sign * run.metrics["selection"]["best"])
        recipe = chosen.recipe
        card = ship(chosen, name=f"{recipe.model.name}.{recipe.data.name}")
        print({key: card[key] for key in ("name", "seed", "dtype", "value", "size_bytes")})


if __name__ == "__main__":
    main()
