"""Measure what augmentation gains on corrupted data, and what it costs on clean data.

One recipe each of images, sounds and texts is trained in three ways: as it is ("reference"), with the
knob that `zoo evaluate --shift` names for the worst corruption of the reference ("advised"), and with
the preset strong in place of its own knobs ("strong"). All are scored on the same test examples, clean
and with every corruption at severity 1 to 5:

    python benchmarks/shift_presets.py --seeds 3 --write

Differences are taken within a seed.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from looking import measured, parser, percent, publish, start, table

from recipes.report import theme
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe

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
WAYS = ("reference", "advised", "strong")
ORDER = ("image/digits-cnn", "text/docstrings-textcnn", "speech/spoken_digit-dscnn")  # fast first


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("shift_presets.jsonl"))
    options = options.parse_args(arguments)
    with start():
        seeds = range(1, options.seeds + 1)
        cells = [(seed, name, way) for name in ORDER for seed in seeds for way in WAYS]
        found = measured(options.results, cells, run)
        publish("shift_presets", to_lines(found, options), draw(found, options), options)


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
    from recipes.shift.measure import shifted
    from recipes.training.train import train

    with tempfile.TemporaryDirectory(prefix="zoo-shift-") as folder:
        trained = train(recipe_of(name, way, seed), run_dir=Path(folder) / "run", progress=False)
        scored = trained.scored()
        whole = scored.intervals(trained.task)["accuracy"]["value"]
        shift = shifted(trained, scored, examples=EXAMPLES)
    corrupted = {key: cell["mean"]["accuracy"] for key, cell in shift["corruptions"].items()}
    return {
        "test": len(scored.predictions),
        "corrupted examples": shift["examples"],
        "clean": whole,
        "clean ece": shift["clean"]["ece"]["value"],
        "corrupted": shift["mean"]["accuracy"],
        "ece": shift["mean"]["ece"],
        "groups": {key: cell["group"] for key, cell in shift["corruptions"].items()},
        "by corruption": {key: round(value, 6) for key, value in corrupted.items()},
        "worst": shift["worst"],
        "advice": shift["advice"],
    }


Found = Mapping[tuple[int, str, str], Mapping[str, Any]]


def to_lines(found: Found, options: argparse.Namespace) -> list[str]:
    """Return the page."""
    seeds = range(1, options.seeds + 1)
    lines = [
        "# Augmentation and corrupted data",
        "",
        "Accuracy in %, mean of "
        f"{options.seeds} seeds ± half its 95 % interval (Student t). *Clean* is the whole test split, "
        f"*corrupted* the mean over all corruptions and severities of at most {EXAMPLES} of its "
        "examples, the same ones in all runs; *ECE* is the calibration error in that mean. Gain and "
        "price are differences from *reference* within a seed, in points.",
        "",
        "*Reference* is the recipe, *advised* adds the knob that "
        "`zoo evaluate --shift` names for a corruption that costs the reference most, and *strong* "
        "replaces its regularization by the preset of that name.",
    ]
    for name, values in REFERENCE.items():
        short = " ".join(f"{key}={value!r}" for key, value in values.items())
        knobs = " ".join(f"{key}={value}" for key, value in ADVISED[name].items())
        worst = [found[seed, name, "reference"]["worst"] for seed in seeds]
        lines += [
            "",
            f"## {name}",
            "",
            f"Trained {f'with `{short}`' if short else 'as the recipe says'}. Advised: `{knobs}`. "
            f"Worst for the reference, by seed: {', '.join(f'`{each}`' for each in worst)}.",
            "",
            *table(
                ("training", "clean", "corrupted", "ECE", "price, clean", "gain, corrupted"),
                [_row(found, name, way, seeds) for way in WAYS],
            ),
            "",
            *_by_group(found, name, seeds),
        ]
    return lines


def _row(found: Found, name: str, way: str, seeds: range) -> tuple[str, ...]:
    """Return the scores of one way, and how they differ from those of the reference."""
    own = [found[seed, name, way] for seed in seeds]
    shown = [percent([each[key] for each in own]) for key in ("clean", "corrupted", "ece")]
    if way == "reference":
        return (way, *shown, "–", "–")
    base = [found[seed, name, "reference"] for seed in seeds]
    changed = [
        percent([a[key] - b[key] for a, b in zip(own, base, strict=True)], signed=True)
        for key in ("clean", "corrupted")
    ]
    return (way, *shown, *changed)


def _by_group(found: Found, name: str, seeds: range) -> list[str]:
    """Return a table of the gain in each group of corruptions."""
    groups = found[1, name, "reference"]["groups"]

    def gains(way: str, group: str) -> str:
        each = []
        for seed in seeds:
            ours, theirs = (found[seed, name, key]["by corruption"] for key in (way, "reference"))
            own = [ours[key] - theirs[key] for key in groups if groups[key] == group]
            each.append(sum(own) / len(own))
        return percent(each, signed=True)

    rows = [
        (f"`{group}`", *(gains(way, group) for way in WAYS[1:]))
        for group in dict.fromkeys(groups.values())
    ]
    return table(("gain by group, points", *WAYS[1:]), rows)


def draw(found: Found, options: argparse.Namespace):
    """Draw corrupted over clean accuracy, a panel a recipe and a mark a way."""
    from looking import interval, panels

    figure, row = panels(len(REFERENCE))
    colours = (theme.MUTED, theme.FIRST, theme.SECOND)
    for axes, name in zip(row, REFERENCE, strict=True):
        for way, mark, colour in zip(WAYS, "osD", colours, strict=True):
            own = [found[seed, name, way] for seed in range(1, options.seeds + 1)]
            (x, dx), (y, dy) = (
                interval([100 * each[key] for each in own]) for key in ("clean", "corrupted")
            )
            axes.errorbar(x, y, xerr=dx, yerr=dy, marker=mark, color=colour, ls="", label=way)
        axes.set(title=name, xlabel="clean accuracy (%)", ylabel="corrupted accuracy (%)")
    row[0].legend(fontsize=7)
    return figure


if __name__ == "__main__":
    main()
