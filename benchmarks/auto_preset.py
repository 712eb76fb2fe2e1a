"""Measure what `regularization.preset: auto` chooses, and what another preset would have given.

    python benchmarks/auto_preset.py --write

Six recipes are trained with each preset, their own knobs removed. The first rules of
`zoo/automatic_preset.py` were written from earlier runs of the first three, before the others were
trained with any preset; `FIRST` is what they chose. One rule was added after their test. The same
recipe with the same seed gives the same run, so the runs of "auto" are those of the preset that it
chooses; a few steps of each recipe check that. Results are appended to a file, and what it holds
already is not run again. Needs TFDS_DATA_DIR with trec and spoken_digit, and ZOO_DATA_DIR with
mr_polarity.
"""

import argparse
import itertools
import statistics
from pathlib import Path
from typing import Any

from looking import learn, measured, parser, percent, publish, start, table

from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo.regularization import AUTO, PRESETS

WRITTEN_FROM = ("image/digits-cnn", "text/docstrings-textcnn", "speech/vowels-dscnn")
TESTED_ON = ("text/trec-textcnn", "text/mr_polarity-textcnn", "speech/spoken_digit-dscnn")
RECIPES = WRITTEN_FROM + TESTED_ON
CUT = {  # so that all runs fit into an hour or two
    "image/digits-cnn": {"training.epochs": 20},
    "text/docstrings-textcnn": {"training.epochs": 8},
    "speech/vowels-dscnn": {"training.epochs": 12},
    "text/trec-textcnn": {"training.epochs": 4},
    "text/mr_polarity-textcnn": {"data.max_examples": 5000},
    "speech/spoken_digit-dscnn": {"training.epochs": 6},
}
FIRST = dict(zip(RECIPES, ("none", "medium", "light", "medium", "medium", "light"), strict=True))
STEPS = 3  # of the check that auto is the preset that it chooses
Found = dict[tuple[str, str, int], dict[str, Any]]


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("auto_preset.jsonl"))
    options = options.parse_args(arguments)
    seeds = range(1, options.seeds + 1)
    each = itertools.product(seeds, RECIPES, PRESETS)
    cells = [(name, preset, seed) for seed, name, preset in each]
    cells += [(name, AUTO, 1) for name in RECIPES]
    with start():
        found = measured(options.results, cells, run)
        publish("auto_preset", to_lines(found, options), None, options)


def recipe_of(name: str, preset: str, seed: int) -> Recipe:
    """Return a recipe with a preset and without knobs of its own."""
    values = {"regularization": {"preset": preset}, "training.seed": seed}
    return load_recipe(name).with_values(values | CUT[name])


def run(name: str, preset: str, seed: int) -> dict[str, Any]:
    """Return the accuracy by split of one training; of "auto" which preset it is, and whether it is."""
    if preset != AUTO:
        return {
            split: round(value, 6) for split, value in learn(recipe_of(name, preset, seed)).items()
        }
    chosen, numbers = first_steps(recipe_of(name, AUTO, seed))
    _, others = first_steps(recipe_of(name, chosen, seed))
    return {"chosen": chosen, "same": numbers == others}


def first_steps(recipe: Recipe) -> tuple[str, list[bytes]]:
    """Return the preset that a training took, and its weights after a few steps."""
    from recipes.training.setup import prepare
    from zoo.data.pipeline import training_stream

    setup = prepare(recipe)
    values = recipe.training
    how = {"batch_size": values.batch_size, "seed": values.seed, "augment": setup.augment}
    stream = training_stream(setup.train, **how)
    setup.model.fit(stream, epochs=1, steps_per_epoch=STEPS, verbose=0, shuffle=False)
    numbers = [variable.numpy().tobytes() for variable in setup.model.variables]
    return setup.recipe.regularization.preset, numbers


def to_lines(found: Found, options: argparse.Namespace) -> list[str]:
    """Return the page."""
    seeds = range(1, options.seeds + 1)
    tests = {
        (name, preset): [found[name, preset, seed]["test"] for seed in seeds]
        for name, preset in itertools.product(RECIPES, PRESETS)
    }
    now = {name: found[name, AUTO, 1]["chosen"] for name in RECIPES}
    same = all(found[name, AUTO, 1]["same"] for name in RECIPES)
    cut = "; ".join(
        f"`{name}` with {path}={value:,}"
        for name, cuts in CUT.items()
        for path, value in cuts.items()
    )
    return [
        "# The preset that auto chooses",
        "",
        f"Accuracy on the test split in %, mean of {options.seeds} seeds ± half its 95 % interval "
        "(Student t); differences to the preset none and regrets in points, within a seed. The recipes' "
        "own knobs are removed, so that only the preset differs. Trainings are cut, to take an hour: "
        f"{cut}. The last weights are tested.",
        "",
        *table(
            ("recipe", *PRESETS, "best", "first rules", "regret", "rules now", "regret"),
            [_row(name, tests, FIRST[name], now[name]) for name in RECIPES],
        ),
        "",
        "The first rules were written from earlier, longer runs of the first three recipes. The other "
        "three had not been trained with any preset by then; the results of their own recipes were "
        "known. So the last three rows test the first rules. The rules now have one more, on short "
        "trainings of images and sounds. It was added because of these rows, which therefore do not "
        "test it.",
        "",
        "The regret is what the preset with the best mean reached above the one that was chosen. The "
        "best is picked by the same test examples, so that even a good choice seems to have a regret. "
        "Its mean over recipes:",
        "",
        *table(
            ("choice", "all six", "written from", "tested on"),
            [
                _regrets("auto, first rules", FIRST, tests),
                _regrets("auto, rules now", now, tests),
                *(
                    _regrets(f"always {preset}", dict.fromkeys(RECIPES, preset), tests)
                    for preset in PRESETS
                ),
            ],
        ),
        "",
        f"The first {STEPS} steps of each recipe with auto "
        + ("were" if same else "were NOT")
        + " those of the preset that it chose, bit for bit.",
    ]


def _best(name: str, tests: dict[tuple[str, str], list[float]]) -> str:
    return max(PRESETS, key=lambda preset: statistics.fmean(tests[name, preset]))


def _regret(name: str, preset: str, tests: dict[tuple[str, str], list[float]]) -> list[float]:
    """Return what the best preset of a recipe reached above another, by seed."""
    best = tests[name, _best(name, tests)]
    return [a - b for a, b in zip(best, tests[name, preset], strict=True)]


def _row(
    name: str, tests: dict[tuple[str, str], list[float]], first: str, now: str
) -> tuple[str, ...]:
    none, best = tests[name, PRESETS[0]], _best(name, tests)
    changes = [
        percent([a - b for a, b in zip(tests[name, preset], none, strict=True)], signed=True)
        for preset in PRESETS[1:]
    ]
    regrets = [
        "0" if preset == best else percent(_regret(name, preset, tests)) for preset in (first, now)
    ]
    return (f"`{name}`", percent(none), *changes, best, first, regrets[0], now, regrets[1])


def _regrets(
    choice: str, chosen: dict[str, str], tests: dict[tuple[str, str], list[float]]
) -> tuple[str, ...]:
    """Return the mean regrets of a choice for each recipe, in points."""
    means = {name: 100 * statistics.fmean(_regret(name, chosen[name], tests)) for name in RECIPES}
    parts = (RECIPES, WRITTEN_FROM, TESTED_ON)
    return (choice, *(f"{statistics.fmean(means[name] for name in part):.1f}" for part in parts))


if __name__ == "__main__":
    main()
