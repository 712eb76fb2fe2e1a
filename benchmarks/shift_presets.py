"""Measure what augmentation gains on corrupted data, and what it costs on clean data.

One recipe each of images, sounds and texts is trained in three ways: as it is ("reference"), with the
knob that `zoo evaluate --shift` names for the worst corruption of the reference ("advised"), and with
the preset strong in place of its own knobs ("strong"). All are scored on the same test examples, clean
and with every corruption at severity 1 to 5:

    python benchmarks/shift_presets.py --seeds 3 --write

Differences are taken within a seed.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from looking import measured, parser, percent, publish, start, table

from recipes.report import theme
from recipes.runs.evaluate import BATCH_SIZE, predictions_of
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo.columns import Column
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded, training_stream
from zoo.transforms.corruptions import SEVERITIES, Corruption, corruptions

EXAMPLES = 500  # that are corrupted, at most
# What differs from the recipes: that of digits has the hint already; sounds train half as long.
REFERENCE: dict[str, dict[str, Any]] = {
    "image/digits-cnn": {"regularization.auto_augment": ""},
    "speech/spoken_digit-dscnn": {"training.epochs": 20},
    "text/docstrings-textcnn": {},
}
ADVISED: dict[str, dict[str, Any]] = {
    "image/digits-cnn": {"regularization.auto_augment": "trivial"},
    "speech/spoken_digit-dscnn": {
        "regularization.frequency_masks": 2,
        "regularization.frequency_mask_width": 7,
    },
    # The recipe has 0.2 already, for which the hint is a stronger setting.
    "text/docstrings-textcnn": {"regularization.word_dropout_rate": 0.4},
}
KEPT = {"image/digits-cnn": {"flip": False}}  # beside strong: a mirrored digit is another sign
_COPIES: dict[tuple[str, str, int], list[Any]] = {}
WAYS = ("reference", "advised", "strong")
ORDER = ("image/digits-cnn", "text/docstrings-textcnn", "speech/spoken_digit-dscnn")  # fast first


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("shift_presets.jsonl"))
    options.add_argument("--page", action="store_true", help="run nothing; seeds may be missing")
    options = options.parse_args(arguments)
    page = vars(options).pop("page")
    with start():
        seeds = range(1, options.seeds + 1)
        cells = [(seed, name, way) for name in ORDER for seed in seeds for way in WAYS]
        cells = [] if page else cells
        found = measured(options.results, cells, run)
        publish("shift_presets", to_lines(found), draw(found), options)


def recipe_of(name: str, way: str, seed: int) -> Recipe:
    """Return a recipe as one way trains it."""
    values = {"training.seed": seed} | REFERENCE[name]
    if way == "advised":
        values |= ADVISED[name]
    if way == "strong":
        values = {path: value for path, value in values.items() if "regularization" not in path}
        values["regularization"] = {"preset": "strong"} | KEPT.get(name, {})
    return load_recipe(name).with_values(values)


def run(seed: int, name: str, way: str) -> dict[str, Any]:
    """Train once; return the scores on clean and on corrupted test examples."""
    setup = prepare(recipe_of(name, way, seed))
    training = setup.recipe.training
    how = {"batch_size": training.batch_size, "seed": training.seed}
    stream = training_stream(setup.train, augment=setup.augment, **how)
    how = {"epochs": training.epochs, "steps_per_epoch": setup.steps, "verbose": 0}
    setup.model.fit(stream, shuffle=False, **how)  # all three keep the last epoch

    def score(encoded: Encoded) -> dict[str, float]:
        parts = (setup.model, setup.task, setup.assets, encoded)
        return setup.task.score(*predictions_of(*parts, batch_size=BATCH_SIZE))

    column = next(iter(setup.assets.x.values()))
    test, places = setup.dataset.splits["test"], some(setup.dataset.splits["test"])
    whole, cells = score(Encoded(test, setup.task, setup.assets)), {}
    for corruption in corruptions(column).values():
        splits = (copied(name, test, places, column, corruption, each) for each in SEVERITIES)
        cells[corruption.name] = [
            score(Encoded(split, setup.task, setup.assets)) for split in splits
        ]
    means = {key: fmean(cell["accuracy"] for cell in each) for key, each in cells.items()}
    return {
        "test": len(test),
        "corrupted examples": len(places),
        "clean": whole["accuracy"],
        "clean ece": whole["ece"],
        "corrupted": fmean(means.values()),
        "ece": fmean(cell["ece"] for each in cells.values() for cell in each),
        "groups": {each.name: each.group for each in corruptions(column).values()},
        "by corruption": {key: round(value, 6) for key, value in means.items()},
        "worst": min(means, key=means.get),
    }


def some(split: Split) -> np.ndarray:
    """Return the places of the examples that are corrupted, as `zoo evaluate --shift` draws them."""
    return np.sort(np.random.default_rng(0).permutation(len(split))[:EXAMPLES])


def copied(
    name: str,
    split: Split,
    places: np.ndarray,
    column: Column,
    corruption: Corruption,
    severity: int,
) -> Split:
    """Return corrupted copies of some examples; they are made once for all trainings of a recipe."""
    source = column.source or column.kind
    key = (name, corruption.name, severity)
    if key not in _COPIES:
        _COPIES[key] = [
            corruption(split[place][source], severity=severity, seed=(0, place))
            for place in places.tolist()
        ]
    part = split.take(places)
    decode = {other: function for other, function in part.decode.items() if other != source}
    return Split({**part.columns, source: _COPIES[key]}, decode=decode, names=part.names)


Found = Mapping[tuple[int, str, str], Mapping[str, Any]]


def seeds_of(found: Found, name: str) -> list[int]:
    """Return the seeds with which a recipe was trained in all ways."""
    seeds = sorted({seed for seed, *_ in found})
    return [seed for seed in seeds if all((seed, name, way) in found for way in WAYS)]


def told(values: Sequence[float], *, signed: bool = False) -> str:
    """Write shares as `percent` does; one alone has no interval."""
    if len(values) > 1:
        return percent(values, signed=signed)
    return f"{100 * values[0]:{'+' if signed else ''}.1f}"


def to_lines(found: Found) -> list[str]:
    """Return the page."""
    lines = [
        "# Augmentation and corrupted data",
        "",
        "Accuracy in %, mean of seeds ± half its 95 % interval (Student t). *Clean* is the whole test "
        f"split, *corrupted* the mean over all corruptions and severities of at most {EXAMPLES} of its "
        "examples, the same ones in all runs; *ECE* is the calibration error in that mean. Gain and "
        "price are differences from *reference* within a seed, in points.",
        "",
        "*Reference* is the recipe, *advised* adds the knob that "
        "`zoo evaluate --shift` names for a corruption that costs the reference most, and *strong* "
        "replaces its regularization by the preset of that name.",
    ]
    for name, values in REFERENCE.items():
        seeds = seeds_of(found, name)
        if not seeds:
            continue
        short = " ".join(f"{key}={value!r}" for key, value in values.items())
        knobs = " ".join(f"{key}={value}" for key, value in ADVISED[name].items())
        worst = [found[seed, name, "reference"]["worst"] for seed in seeds]
        lines += [
            "",
            f"## {name}",
            "",
            f"Trained {f'with `{short}`' if short else 'as the recipe says'}. Advised: `{knobs}`. "
            f"Seeds: {len(seeds)}. Worst for the reference, by seed: "
            f"{', '.join(f'`{each}`' for each in worst)}.",
            "",
            *table(
                ("training", "clean", "corrupted", "ECE", "price, clean", "gain, corrupted"),
                [_row(found, name, way, seeds) for way in WAYS],
            ),
            "",
            *_by_group(found, name, seeds),
        ]
    return lines


def _row(found: Found, name: str, way: str, seeds: Sequence[int]) -> tuple[str, ...]:
    """Return the scores of one way, and how they differ from those of the reference."""
    own = [found[seed, name, way] for seed in seeds]
    shown = [told([each[key] for each in own]) for key in ("clean", "corrupted", "ece")]
    if way == "reference":
        return (way, *shown, "–", "–")
    base = [found[seed, name, "reference"] for seed in seeds]
    changed = [
        told([a[key] - b[key] for a, b in zip(own, base, strict=True)], signed=True)
        for key in ("clean", "corrupted")
    ]
    return (way, *shown, *changed)


def _by_group(found: Found, name: str, seeds: Sequence[int]) -> list[str]:
    """Return a table of the gain in each group of corruptions."""
    groups = found[seeds[0], name, "reference"]["groups"]

    def gains(way: str, group: str) -> str:
        each = []
        for seed in seeds:
            ours, theirs = (found[seed, name, key]["by corruption"] for key in (way, "reference"))
            own = [ours[key] - theirs[key] for key in groups if groups[key] == group]
            each.append(sum(own) / len(own))
        return told(each, signed=True)

    rows = [
        (f"`{group}`", *(gains(way, group) for way in WAYS[1:]))
        for group in dict.fromkeys(groups.values())
    ]
    return table(("gain by group, points", *WAYS[1:]), rows)


def draw(found: Found):
    """Draw corrupted over clean accuracy, a panel a recipe and a mark a way."""
    from looking import interval, panels

    figure, row = panels(len(REFERENCE))
    colours = (theme.MUTED, theme.FIRST, theme.SECOND)
    for axes, name in zip(row, REFERENCE, strict=True):
        for way, mark, colour in zip(WAYS, "osD", colours, strict=True):
            own = [found[seed, name, way] for seed in seeds_of(found, name)]
            if not own:
                continue
            (x, dx), (y, dy) = (
                interval([100 * each[key] for each in own]) for key in ("clean", "corrupted")
            )
            axes.errorbar(x, y, xerr=dx, yerr=dy, marker=mark, color=colour, ls="", label=way)
        axes.set(title=name, xlabel="clean accuracy (%)", ylabel="corrupted accuracy (%)")
    row[0].legend(fontsize=7)
    return figure


if __name__ == "__main__":
    main()
