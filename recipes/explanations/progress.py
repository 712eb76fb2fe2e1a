"""Progress of explanations on stderr."""

from recipes.waiting import Waiting


class Progress:
    """Tells on stderr how many inputs of the network were run, after two seconds.

    Args:
        shown: tell at all.

    Attributes:
        what: is being computed just now, such as the name of a method; "" says nothing of it.
    """

    def __init__(self, *, shown: bool):
<<<<<<< HEAD
        self.waiting, self.passes, self.what = Waiting("explaining", shown=shown), 0, ""
=======
        self.waiting, self.passes = Waiting("explaining", shown=shown), 0

    @property
    def what(self) -> str:
        """What is being done."""
        return self.waiting.what

    @what.setter
    def what(self, words: str) -> None:
        self.waiting.what = words
>>>>>>> main

    def __enter__(self) -> "Progress":
        self.waiting.__enter__()
        return self

    def tell(self, points: int) -> None:
        """Count points that were run."""
        self.passes += points
<<<<<<< HEAD
        now = f"{self.what}; " if self.what else ""
        self.waiting.tell(f"{now}{self.passes:,} variants of the inputs were run")
=======
        self.waiting.tell(f"{self.passes:,} variants of the inputs were run")
>>>>>>> main

    def __exit__(self, *error: object) -> None:
        self.waiting.__exit__(*error)
