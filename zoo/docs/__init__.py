"""Generated parts of README.md and docs/: `python -m zoo.docs` writes them, `--check` compares."""
