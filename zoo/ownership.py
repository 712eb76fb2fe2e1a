"""The owners of the import names `zoo`, `recipes` and `tuning`, which other distributions use too."""

import importlib.util
import json
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

from zoo.errors import MachineError

NAMES = ("zoo", "recipes", "tuning")
DISTRIBUTION = "kerazoo"


def strangers() -> dict[str, list[str]]:
    """Return, for each import name that others install too, the names of those distributions."""
    from importlib import metadata  # slow to load

    installed = metadata.packages_distributions()
    found = {  # an interrupted uninstall leaves entries without a name
        name: sorted({owner for owner in installed.get(name, []) if owner} - {DISTRIBUTION})
        for name in NAMES
    }
    return {name: owners for name, owners in found.items() if owners}


def misplaced() -> dict[str, str]:
    """Return the import names that lead elsewhere than to this package, with that file or folder."""
    home = Path(__file__).resolve().parent.parent
    found = {}
    for name in NAMES:
        place = _place(name)
        if place is None or place.resolve().parent != home or place.is_file():
            found[name] = "nowhere" if place is None else str(place)
    return found


def _place(name: str) -> Path | None:
    """Return the folder of a package or the file of a module; None where there is neither."""
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # a module without a spec, such as one that was put together by hand
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations is None:
        return Path(spec.origin) if spec.origin else None
    return next((Path(place) for place in spec.submodule_search_locations), None)


def check_names(module: str) -> None:
    """Check that our modules import our own packages, before a user's file is run by mistake.

    Args:
        module: such as "recipes.runs.run".

    Raises:
        MachineError: a file, folder or distribution of the same name comes first; names it.
    """
    needed = {"recipes": ("recipes",), "tuning": ("tuning", "recipes")}
    found = misplaced()
    for name in needed.get(module.partition(".")[0], ()):
        if name in found and found[name] != "nowhere":
            raise _taken(name, found[name])


def import_error(name: str, error: ImportError) -> MachineError:
    """Say why one of our packages cannot be imported, and name the cause."""
    name = name.partition(".")[0]
    where = misplaced().get(name)
    if where is not None:
        return _taken(name, where)
    return MachineError(
        f"{name} cannot be imported: {error}.",
        expected="kerazoo with all its dependencies",
        fix=f"{install_command()}; `zoo doctor` has the details",
    )


def _taken(name: str, where: str) -> MachineError:
    owners = strangers().get(name, [])
    if owners:
        problem, fix = f"{', '.join(owners)} in {where}", f"pip uninstall {owners[0]}"
    elif where == "nowhere":
        problem, fix = "a module that is not in a file", f"give it another name than {name}"
    else:
        problem, fix = where, f"rename {where}"
    return MachineError(
        f"`import {name}` finds {problem}, not the package of that name that belongs to kerazoo.",
        expected="no other file, folder or package named zoo, recipes or tuning where Python looks",
        fix=fix,
    )


def install_command(extra: str = "") -> str:
    """Return the command that installs this package again, from where it was installed.

    It is not on the package index, so `pip install kerazoo` would find nothing.

    Args:
        extra: a group of optional dependencies, such as "export".
    """
    from importlib import metadata  # slow to load

    extras = f"[{extra}]" if extra else ""
    try:
        origin = json.loads(
            metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}"
        )
    except (metadata.PackageNotFoundError, ValueError):
        origin = {}
    place = Path(unquote(urlsplit(origin.get("url", "")).path))
    if not origin.get("url", "").startswith("file:") or not place.exists():
        return f'pip install -e ".{extras}" in the folder of kerazoo\'s source'
    editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f"pip install {editable}{shlex.quote(f'{place}{extras}')}"
