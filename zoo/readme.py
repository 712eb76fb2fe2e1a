"""Write the generated tables of README.md: models, datasets, recipes and their results.

Run `python -m zoo.readme` after a catalog entry or a recipe has changed; `--check` only compares.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from zoo import registry
from zoo.cli.output import human
from zoo.files import write_text

README = Path(__file__).parent.parent / "README.md"


def models() -> str:
    """Return the table of models."""
    infos = [registry.model_info(name) for name in registry.MODELS]
    rows = [
        (
            f"`{info['name']}`",
            f"{info['params']:,}",
            human(info["macs"]),
            "×".join(map(str, info["input_shape"])),
            f"[{info['arxiv']}](https://arxiv.org/abs/{info['arxiv']})"
            if info["arxiv"]
            else f"{info['paper']} ({info['year']})",
            ", ".join(f"`{name}`" for name in info["weights"]) or "–",
        )
        for info in infos
    ]
    return _table(("model", "parameters", "multiply-adds", "input", "paper", "weights"), rows)


def datasets() -> str:
    """Return the table of datasets."""
    rows = [
        (f"`{card.name}`", card.source, card.summary, card.licence)
        for card in registry.list_datasets()
    ]
    rows.append(("any other image set", "tfds", "by its TensorFlow Datasets name", "its own"))
    rows.append(("a folder", "folder", "images by class, with or without splits", "yours"))
    return _table(("dataset", "source", "what", "licence"), rows)


def recipes() -> str:
    """Return the table of recipes with what they reached."""
    from recipes.load import load_recipe, recipe_names

    rows = []
    for name in recipe_names():
        recipe = load_recipe(name)
        expects = recipe.expects
        if expects == "unmeasured":
            rows.append((f"`{name}`", recipe.model.name, "unmeasured", "–", "–", "–"))
            continue
        rows.append(
            (
                f"`{name}`",
                recipe.model.name,
                f"{expects.metric} {expects.mean:.2%}",
                f"{len(expects.values)}",
                f"{expects.low:.2%} – {expects.high:.2%}"
                + (" (unstable)" if expects.unstable else ""),
                f"{expects.minutes:.1f}",
            )
        )
    columns = ("recipe", "model", "test, mean", "seeds", "a further run, 95 %", "minutes")
    return _table(columns, rows)


def _table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    columns = tuple(columns)
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


TABLES: dict[str, Callable[[], str]] = {
    "models": models,
    "datasets": datasets,
    "recipes": recipes,
}


def filled(text: str) -> str:
    """Return README's text with every generated table made anew."""
    for name, make in TABLES.items():
        start, end = f"<!-- generated: {name} -->\n", "<!-- end -->"
        head, mark, rest = text.partition(start)
        _, close, tail = rest.partition(end)
        if not mark or not close:
            raise ValueError(f"README.md has no place for the table of {name}")
        text = f"{head}{start}{make()}\n{end}{tail}"
    return text


def main() -> int:
    """Write the tables, or with --check return 1 where they are out of date."""
    old = README.read_text(encoding="utf-8")
    new = filled(old)
    if "--check" in sys.argv[1:]:
        print("README.md is up to date" if new == old else "run: python -m zoo.readme")
        return 0 if new == old else 1
    write_text(README, new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
