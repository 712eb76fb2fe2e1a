"""Example texts as a figure, one under the other, with their labels."""

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure

from recipes.report.theme import INK, MUTED, SECOND, short

LINES = 3  # of a text that are shown
_WIDTH = 110  # characters in a line
_INCH = 0.19  # height of a line


def text_list(texts: Sequence[tuple[str, str, str]], *, title: str) -> Figure:
    """Set texts one under the other.

    Args:
        texts: (text, first label, second label).
        title: of the whole.
    """
    rows = [
        (textwrap.wrap(" ".join(text.split()), _WIDTH)[:LINES] or [""], first, second)
        for text, first, second in texts
    ]
    height = 0.8 + sum(_INCH * len(lines) + 0.12 for lines, _, _ in rows)
    figure = Figure(figsize=(11, height))
    figure.text(0.01, 1 - 0.3 / height, title, fontsize=12, fontweight="bold", color=INK)
    top = 0.65
    for lines, first, second in rows:
        for place, line in enumerate(lines):
            y = 1 - (top + _INCH * (place + 1)) / height
            figure.text(0.2, y, line, fontsize=8, color=INK)
        y = 1 - (top + _INCH) / height
        figure.text(0.01, y, short(first, 22), fontsize=8, color=MUTED)
        if second and len(lines) > 1:
            figure.text(0.01, y - _INCH / height, short(second, 22), fontsize=8, color=SECOND)
        elif second:
            figure.text(0.11, y, short(second, 14), fontsize=8, color=SECOND)
        top += _INCH * len(lines) + 0.12
    return figure
