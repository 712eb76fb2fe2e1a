"""Progress of explanations on stderr."""

from recipes.waiting import Waiting


class Progress:
    """Tells on stderr how many inputs of the network were run, after two seconds.

    Args:
        shown: tell at all.
    """

    def __init__(self, *, shown: bool):
        self.waiting, self.passes = Waiting("explaining", shown=shown), 0

    @property
    def what(self) -> str:
        """What is being done."""
        return self.waiting.what

    @what.setter
    def what(self, words: str) -> None:
        self.waiting.what = words

    def __enter__(self) -> "Progress":
        self.waiting.__enter__()
        return self

    def tell(self, points: int) -> None:
        """Count points that were run."""
        self.passes += points
        self.waiting.tell(f"{self.passes:,} variants of the inputs were run")

    def __exit__(self, *error: object) -> None:
        self.waiting.__exit__(*error)
