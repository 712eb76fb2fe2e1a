"""The page of `shortcuts.py`: its tables and its figure."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from looking import percent, table
from matplotlib.figure import Figure

from recipes.explanations.shortcuts import MOST_OF_THE_WAY
from recipes.report import theme

RECIPES = {
    "images": "image/digits-cnn",
    "sounds": "speech/vowels-dscnn",
    "texts": "text/docstrings-textcnn",
}
SHIPPED = (
    "cnn_small.digits",
    "resnet20.fashion_mnist",
    "ds_cnn_s.vowels",
    "ds_cnn_s.spoken_digit",
    "ds_cnn_s.spoken_digit-speaker",
    "textcnn.docstrings",
)
FIRST_SEED = 11  # limits were chosen on 1 to 3
COLUMNS = ("inputs", "found", "alarms for others", "share", "way", "placebo", "flipped", "kept")
COLUMNS += ("accuracy, marked", "accuracy, clean", "recall, clean")
Found = dict[tuple[str, Any, bool], dict[str, Any]]


def to_lines(found: Found) -> list[str]:
    """Return the page."""
    return [
        "# Planted shortcuts",
        "",
        "One class of each data set gets a mark in train and in test: a stamp of 2 × 2 white pixels "
        "in a corner of one digit's pictures, a click of 2 ms in one vowel's clips, a word in the "
        "texts of one module. Each seed draws class, place and word. The recipes are those that ship, "
        "smaller, shorter and without crops, shifts and dropped words: with these, networks learn "
        "such marks less. *Found* means that what the report says names the class. *Alarms for "
        "others* counts classes without a mark that it names too. The columns in between are of the "
        "marked class, mean of the seeds ± half the 95 % interval (Student t), in %: the suspected "
        "part's share of what speaks for the class; how far it takes examples of other classes to "
        "this one, and the same for what others have in that place; how many of them it makes the "
        "model take for the class; how many of the class's own are recognized without it. The last "
        "three columns say why it matters: accuracy on the test split with marks, without marks, and "
        "recall of the class without.",
        "",
        *table(
            COLUMNS,
            list(_planted(found)),
        ),
        "",
        "The same trainings on the data as they are; *furthest* is the largest way beyond the placebo "
        f"of any class, in %, of which {100 * MOST_OF_THE_WAY:.0f} raise an alarm (of texts, also half "
        "of what speaks for the class):",
        "",
        *table(
            ("inputs", "runs", "alarms, of classes", "furthest", "accuracy"), list(_clean(found))
        ),
        "",
        "Weights that ship, on their test split: the class whose part takes others furthest, and how "
        "far beyond the placebo, in %:",
        "",
        *table(
            ("weights", "alarms, of classes", "furthest class", "part", "way"),
            list(_shipped(found)),
        ),
        "",
        "The limits were chosen on runs with seeds 1 to 3, which are not among these "
        f"({FIRST_SEED} and following).",
    ]


def _planted(found: Found) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each modality, of the trainings with a mark."""
    for modality, recipe in RECIPES.items():
        own = of_cells(found, modality, planted=True)
        suspects = [one["suspect"] for one in own if one["suspect"]]
        hits = sum(one["said"] and one["label"] in one["alarms"] for one in own)
        extra = sum(len(set(one["alarms"]) - {one["label"]}) for one in own)
        shares = ("share", "way", "placebo", "flipped", "kept")
        yield (
            f"{modality}, `{recipe}`",
            f"{hits} of {len(own)}",
            f"{extra} of {sum(one['tested'] - 1 for one in own)}",
            *(percent([one[name] for one in suspects]) for name in shares),
            *(percent([one[name] for one in own]) for name in ("as_given", "clean", "recall")),
        )


def _clean(found: Found) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each modality, of the trainings on the data as they are."""
    for modality, recipe in RECIPES.items():
        bare = of_cells(found, modality, planted=False)
        if bare:
            yield (
                f"{modality}, `{recipe}`",
                len(bare),
                f"{sum(len(one['alarms']) for one in bare)} of {sum(one['tested'] for one in bare)}",
                f"{100 * max(one['others'] for one in bare):.0f}",
                percent([one["clean"] for one in bare]),
            )


def of_cells(found: Found, modality: str, *, planted: bool) -> list[dict[str, Any]]:
    """Return the results of one modality, with a mark or without."""
    return [v for (name, _, marked), v in found.items() if name == modality and marked == planted]


def _shipped(found: Found) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each shipped weight that was searched."""
    for name in SHIPPED:
        told = found.get(("shipped", name, False))
        if told:
            one = told["suspect"]
            way = f"{100 * (one['way'] - one['placebo']):.0f}"
            alarms = f"{len(told['alarms'])} of {told['tested']}"
            yield f"`{name}`", alarms, one["label"], one["where"], way


def draw(found: Found) -> Figure:
    """Draw how far the marked class's part and the strongest other one take other examples."""
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    axes = theme.plain(figure.subplots(), grid="x")
    for place, modality in enumerate(RECIPES):
        own = of_cells(found, modality, planted=True)
        marked = [
            one["suspect"]["way"] - one["suspect"]["placebo"] for one in own if one["suspect"]
        ]
        spread = np.linspace(-0.12, 0.12, len(own))
        how = {"linestyle": "", "markersize": 5}
        label = ("the marked class", "the furthest other class") if not place else (None, None)
        axes.plot(
            100 * np.array(marked),
            place + spread[: len(marked)],
            "o",
            color=theme.SECOND,
            **how,
            label=label[0],
        )
        others = 100 * np.array([one["others"] for one in own])
        axes.plot(others, place + spread, "D", color=theme.FIRST, label=label[1], **how)
    axes.axvline(100 * MOST_OF_THE_WAY, color=theme.MUTED, linestyle="--", linewidth=1)
    axes.set_yticks(range(len(RECIPES)), list(RECIPES))
    axes.set(xlabel="way of other examples to the class, beyond the placebo (%)")
    axes.legend(fontsize=7, loc="lower right")
    return figure
