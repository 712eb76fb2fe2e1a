"""Where the results of `zoo predict` go: the terminal, a table, lines of JSON, subtitles."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from zoo.cli.output import show_json
from zoo.cli.predict_table import show
from zoo.cli.prediction_files import STANDARD_OUTPUT, check_new, not_alone, write_csv, written
from zoo.cli.subtitles import Subtitles
from zoo.errors import ArgumentError


@final
@dataclass(frozen=True)
class Output:
    """The options of `zoo predict` for its results, as the command documents them."""

    csv: Path | None
    jsonl: Path | None
    json: bool
    top: int | None
    subtitles: Subtitles

    def check(self) -> None:
        """Refuse files that exist and options that exclude each other, before anything is read."""
        if self.json and self.jsonl == STANDARD_OUTPUT:
            raise ArgumentError(
                "--json and --jsonl - both write to standard output.", fix="choose one"
            )
        both = self.csv is not None and self.jsonl is not None
        if both and self.csv.absolute() == self.jsonl.absolute():
            raise ArgumentError(
                f"--csv and --jsonl both name {self.csv}.", fix="give them different names"
            )
        for path in (self.csv, self.jsonl):
            if path is not None and path != STANDARD_OUTPUT:
                check_new(path)

    def give(self, results: Iterable[dict[str, Any]], *, texts: bool) -> bool:
        """Write and show results; tell whether one of them is an error.

        Args:
            results: as they come.
            texts: the inputs are texts, not files.
        """
        results = not_alone(results)
        results = list(results if self.jsonl is None else written(results, self.jsonl))
        self.subtitles.write(results)
        if self.csv is not None:
            write_csv(self.csv, results, top=self.top)
        if self.json:
            show_json(results)
        elif self.jsonl != STANDARD_OUTPUT:
            show(results, texts=texts, top=self.top)
        return any("error" in result for result in results)
