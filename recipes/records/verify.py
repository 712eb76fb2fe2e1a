"""Train a recipe again and compare the result with its record."""

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from recipes.runs.trained import read_json
from recipes.training.train import train
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from recipes.values.sections import Expects
from zoo import devices
from zoo.errors import DataError, RecipeError, RunError, command


def hardware(environment: Mapping[str, Any]) -> str:
    """Return what decides the bits of a result: processor, cores, vector extensions, backend, and
    settings of threads and oneDNN that differ from the default.

    Args:
        environment: of a run, or `zoo.devices.environment()` for this process.
    """
    parts = [environment["cpu"], f"{environment['cores']} cores", *environment["cpu_flags"]]
    parts += environment["gpus"] or []
    settings = environment.get("arithmetic", {})  # 0.1.0 did not record it: the default is meant
    parts += [f"{name}={value}" for name, value in sorted(settings.items())]
    return ", ".join(parts) + f"; {environment['backend']}"


def same_machine(expects: Expects, environment: Mapping[str, Any]) -> bool:
    """Say whether a recorded result must repeat bit for bit where `environment` describes."""
    decisive = ("tensorflow", "keras", "numpy")
    now = environment["versions"]
    return hardware(environment) == expects.hardware and all(
        now.get(name) == expects.versions.get(name) for name in decisive
    )


def verify(
    recipe: str | Path | Recipe,
    *,
    seed: int | None = None,
    data_dir: str | None = None,
    run_dir: str | Path | None = None,
) -> dict[str, Any]:
    """Train again and compare with the record.

    Args:
        recipe: name, file or recipe with measured `expects`.
        seed: one of the recorded seeds; the first by default.
        data_dir: folder of TFDS data.
        run_dir: keeps the run; a temporary folder otherwise.

    Returns:
        {"recipe", "seed", "metric", "value", "recorded", "low", "high", "verdict"}; the verdict is
        "equal" (on the machine and versions of the record), "within the interval", or what is wrong.

    Raises:
        RecipeError: nothing is recorded to compare with, or its interval is too wide to say anything
            on a machine other than that of the record.
        RunError: the seed is not among the recorded ones.
    """
    recipe = load_recipe(recipe)
    expects = _comparable(recipe)
    seed = min(expects.values) if seed is None else seed
    if seed not in expects.values:
        raise RunError(
            f"Seed {seed} is not recorded for {recipe.name}.",
            expected=f"one of: {', '.join(map(str, expects.values))}",
            fix="leave --seed out to take the first",
        )
    with tempfile.TemporaryDirectory(prefix="zoo-verify-") as folder:
        run = train(
            recipe,
            run_dir=Path(folder) / "run" if run_dir is None else run_dir,
            data_dir=data_dir,
            **{"training.seed": seed},
        )
        environment = read_json(run.path / "environment.json")
    value = run.metrics["metrics"][expects.metric]["value"]
    exact = same_machine(expects, environment)
    return {
        "recipe": recipe.name,
        "seed": seed,
        "metric": expects.metric,
        "value": value,
        "recorded": expects.values[seed],
        "low": expects.low,
        "high": expects.high,
        "verdict": _judge(expects, seed, value, fingerprint=run.fingerprint, exact=exact),
    }


def verify_all(
    names: Iterable[str], *, data_dir: str | None = None, told: Callable[[dict], None] | None = None
) -> list[dict[str, Any]]:
    """Verify several recipes one after another; report those that cannot be trained here.

    Args:
        names: of recipes; those that are unmeasured are listed as such.
        data_dir: folder of TFDS data.
        told: called with each result as soon as it is there.

    Returns:
        The results of `verify` with "minutes" and, where there is no result, the reason as "verdict".
    """
    results = []
    for name in names:
        started = time.perf_counter()
        try:
            result = verify(name, data_dir=data_dir)
        except (DataError, RecipeError, RunError) as error:
            result = {"recipe": name, "verdict": f"not verified: {error.problem}"}
        minutes = round((time.perf_counter() - started) / 60, 1)
        results.append(result | {"minutes": minutes})
        if told is not None:
            told(results[-1])
    return results


def _comparable(recipe: Recipe) -> Expects:
    """Return the record, or raise an error if nothing can be compared with it."""
    expects = recipe.expects
    if expects == "unmeasured":
        raise RecipeError(
            f"{recipe.name} is unmeasured; there is nothing to verify.",
            fix=f"{command('zoo', 'train', recipe.name)} trains it",
        )
    if not recipe.unstable:
        return expects
    metric = recipe.expected_metric
    devices.load_tensorflow()  # so that it starts quietly
    if not same_machine(expects, devices.environment()):
        raise RecipeError(
            f"{recipe.name} is unstable: a further run may land anywhere in "
            f"{metric.span(expects.model_dump())}.",
            expected=f"an interval of {metric.text(metric.widest(expects.mean))} at most; or the "
            "machine and versions of the record, where a run must repeat it",
            fix="record more seeds, or make the recipe steadier",
        )
    return expects


def _judge(expects: Expects, seed: int, value: float, *, fingerprint: str, exact: bool) -> str:
    if fingerprint != expects.data_fingerprint:
        return f"data differs: {fingerprint}, recorded with {expects.data_fingerprint}"
    if exact:
        if value == expects.values[seed]:
            return "equal"
        return "differs on the machine and versions that made the record"
    return "within the interval" if expects.low <= value <= expects.high else "outside the interval"
