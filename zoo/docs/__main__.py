"""Write the generated parts of README.md and docs/, and the pictures of the models.

Run `python -m zoo.docs` after the catalog, a recipe, the schema or a command has changed; with
`--check` nothing is written, and the exit code is 1 where something is out of date.
"""

import os
import sys

from zoo import plugins
from zoo.docs import pictures
from zoo.docs.fill import ROOT, filled, pages
from zoo.files import write_text


def main() -> int:
    """Write what has changed, or with --check name it and return 1."""
    os.environ[plugins.SWITCH] = "off"  # the pages are about what comes with kerazoo
    stale = {}
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = filled(old, source=page.name)
        if new != old:
            stale[page] = new
    undrawn = pictures.stale()
    names = ", ".join(str(path.relative_to(ROOT)) for path in [*stale, *undrawn])
    if "--check" in sys.argv[1:]:
        print(f"run: python -m zoo.docs (for {names})" if names else "docs are up to date")
        return 1 if names else 0
    for page, text in stale.items():
        write_text(page, text)
    for picture in undrawn:
        write_text(picture, pictures.draw(picture))
    print(f"wrote {names}" if names else "docs are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
