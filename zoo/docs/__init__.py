"""What is generated in README.md and docs/: `python -m zoo.docs` writes it, `--check` compares."""
