"""Who owns the import names `zoo`, `recipes` and `tuning`: other distributions use them too."""

import importlib.metadata
import importlib.util
from pathlib import Path

from zoo.errors import MachineError

NAMES = ("zoo", "recipes", "tuning")
DISTRIBUTION = "kerazoo"


def strangers() -> dict[str, list[str]]:
    """Return, for each import name that others install too, the names of those distributions."""
    installed = importlib.metadata.packages_distributions()
    found = {  # an interrupted uninstall leaves entries without a name
        name: sorted({owner for owner in installed.get(name, []) if owner} - {DISTRIBUTION})
        for name in NAMES
    }
    return {name: owners for name, owners in found.items() if owners}


def misplaced() -> dict[str, str]:
    """Return the import names that resolve to another folder than this package's, with that folder."""
    home = Path(__file__).resolve().parent.parent
    found = {}
    for name in NAMES:
        spec = importlib.util.find_spec(name)
        places = list(spec.submodule_search_locations or []) if spec else []
        if not places or Path(places[0]).resolve().parent != home:
            found[name] = places[0] if places else "nowhere"
    return found


def import_error(name: str, error: ImportError) -> MachineError:
    """Say why one of our own packages cannot be imported, naming the culprit."""
    where = misplaced().get(name.partition(".")[0])
    owners = strangers().get(name.partition(".")[0], [])
    if where is None:
        return MachineError(
            f"{name} cannot be imported: {error}.",
            expected="kerazoo with all its dependencies",
            fix="pip install --force-reinstall kerazoo; `zoo doctor` tells more",
        )
    culprit = f"{', '.join(owners)} in {where}" if owners else where
    return MachineError(
        f"The import name {name.partition('.')[0]!r} belongs to something else here: {culprit}.",
        expected="the package of that name that comes with kerazoo",
        fix=f"pip uninstall {owners[0]}"
        if owners
        else f"rename {where}, or work outside {Path(where).parent}",
    )
