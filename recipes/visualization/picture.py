"""What a view of a network is: a picture, the numbers behind it, and a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zoo.files import check_new_png, write_bytes


@dataclass(frozen=True)
class Picture:
    """A view of a network.

    Attributes:
        view: "filters", "features", "neighbors", "map" or "unit".
        words: what it shows, in a sentence or two.
        png: the picture, as the bytes of a PNG file.
        numbers: JSON values and NumPy arrays by name.
    """

    view: str
    words: str
    png: bytes = field(repr=False)
    numbers: Mapping[str, Any] = field(repr=False)

    def save(self, path: str | Path) -> Path:
        """Write the picture into a new .png file, and return its path.

        Raises:
            ArgumentError: the name does not end in .png.
            RunError: the file exists.
        """
        path = Path(path)
        check_new_png(path)
        write_bytes(path, self.png)
        return path
