"""Where recipes lie: kerazoo's own by modality, those of plug-ins in folders of their packages."""

from pathlib import Path

from zoo.shelves import OURS, recipe_folders

FOLDER = Path(__file__).parents[1]


def recipe_files() -> dict[str, Path]:
    """Return every named recipe's file, sorted by name; kerazoo's own hides one of the same name."""
    found: dict[str, Path] = {}
    for folder in (FOLDER, *recipe_folders()):
        for path in folder.rglob("*.yaml"):
            found.setdefault(path.relative_to(folder).with_suffix("").as_posix(), path)
    return dict(sorted(found.items()))


def recipe_file(name: str) -> Path | None:
    """Return the file of a named recipe; None where there is none.

    >>> recipe_file("image/digits-cnn").name
    'digits-cnn.yaml'
    """
    ours = FOLDER / f"{name}.yaml"  # looked at first, so that plug-ins are not read for it
    inside = not Path(name).is_absolute() and ".." not in name
    return ours if inside and ours.is_file() else recipe_files().get(name)


def package_of(path: Path) -> str:
    """Return the package that a recipe's file is from."""
    return next((p for folder, p in recipe_folders().items() if path.is_relative_to(folder)), OURS)
