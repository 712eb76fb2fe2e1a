"""Write the generated parts of README.md and docs/.

Run `python -m zoo.docs` after the catalog, a recipe, the schema or a command has changed; with
`--check` nothing is written, and the exit code is 1 where something is out of date.
"""

import sys

from zoo.docs.fill import ROOT, filled, pages
from zoo.files import write_text


def main() -> int:
    """Write what has changed, or with --check name it and return 1."""
    stale = {}
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = filled(old, source=page.name)
        if new != old:
            stale[page] = new
    names = ", ".join(str(page.relative_to(ROOT)) for page in stale)
    if "--check" in sys.argv[1:]:
        print(f"run: python -m zoo.docs (for {names})" if stale else "docs are up to date")
        return 1 if stale else 0
    for page, text in stale.items():
        write_text(page, text)
    print(f"wrote {names}" if stale else "docs are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
