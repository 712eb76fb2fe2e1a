"""Packages that bring cards and recipes of their own, found by their entry points.

A package names its cards in the entry-point group `kerazoo.catalog`:

    [project.entry-points."kerazoo.catalog"]
    series = "kerazoo_series:CARDS"

`CARDS` is a card, several, or a function that returns them. Recipes lie in the folder `recipes` beside
the module. The module is imported when kerazoo first looks up a name that is not its own, also for
`zoo list`: it must not import Keras or TensorFlow, so models and data belong in other modules.
"""

import contextlib
import functools
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.card_checks import Card, check_card
from zoo.errors import PluginWarning, ZooError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "kerazoo.catalog"
SWITCH = "ZOO_PLUGINS"  # environment variable; "off" leaves all of them out


@dataclass(frozen=True)
class Plugin:
    """What one entry point brings.

    Attributes:
        package: name and version of the distribution.
        cards: checked one by one; none where there is a fault.
        recipes: folder of YAML files, None where there is none.
        fault: why the cards cannot be used, on one line; empty where they can.
    """

    package: str
    cards: tuple[Card, ...] = ()
    recipes: Path | None = None
    fault: str = ""


@functools.cache
def installed() -> tuple[Plugin, ...]:
    """Return the plug-ins in the order of their packages; imports their modules."""
    if os.environ.get(SWITCH, "").lower() in ("off", "0", "false") or not _any_named():
        return ()
    from importlib import metadata  # slow to load

    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: (_package(point), point))
    return tuple(_read(point) for point in points)


def _any_named() -> bool:
    """Tell whether any installed package names the group, without `importlib.metadata`.

    That takes a tenth of the time of `zoo list`, and most environments have no plug-in.
    """
    for folder in dict.fromkeys(sys.path):
        with contextlib.suppress(OSError), os.scandir(folder or ".") as entries:
            for entry in entries:
                if not entry.name.endswith((".dist-info", ".egg-info")):
                    continue
                with contextlib.suppress(OSError):  # most have no such file
                    named = (Path(entry.path) / "entry_points.txt").read_bytes()
                    if GROUP.encode() in named:
                        return True
    return False


def warn(package: str, fault: str) -> None:
    """Say in one warning that a package's cards are left out, and why."""
    warnings.warn(
        f"The cards of {package} are left out: {fault} `pip uninstall {package.split()[0]}` removes "
        f"the package; {SWITCH}=off ignores it.",
        PluginWarning,
        stacklevel=2,
    )


def _read(point: "EntryPoint") -> Plugin:
    package = _package(point)
    try:
        cards = _cards(point.load())
        for card in cards:
            check_card(card)
    except ZooError as error:
        return Plugin(package, fault=error.problem)
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a plug-in may raise anything)
        said = str(error).strip().partition("\n")[0]
        return Plugin(package, fault=f"{point.value} raises {type(error).__name__}: {said}.")
    file = getattr(sys.modules.get(point.module), "__file__", None)
    folder = Path(file).parent / "recipes" if file else None
    return Plugin(package, cards, folder if folder and folder.is_dir() else None)


def _cards(found: Any) -> tuple[Any, ...]:
    """Return the cards that an entry point names: one, several, or what a function returns."""
    found = found() if callable(found) else found
    return tuple(found) if isinstance(found, tuple | list) else (found,)


def _package(point: "EntryPoint") -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.module
