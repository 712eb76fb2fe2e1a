"""Colours and file formats of the figures.

A figure is drawn once, in the colours below. As PNG it keeps them; as SVG inside the page each
becomes a CSS variable, so that one drawing follows light, dark and print.
"""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

LONGEST_NAME = 18  # characters of a class name on an axis

# The series are from the palette of Okabe and Ito, told apart by the colour-blind.
INK, MUTED, GRID = "#1b1e23", "#666c75", "#e1e4e8"
FIRST, SECOND, THIRD = "#0072b2", "#d55e00", "#009e73"
ON_FILL, PAPER = "#fffffe", "#ffffff"
_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    FIRST: "first",
    SECOND: "second",
    THIRD: "third",
    ON_FILL: "on-fill",
}
_STYLE = {
    "text.parse_math": False,  # a class may be called "$5"
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
    "axes.unicode_minus": True,
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "grid.color": GRID,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "none",
    "figure.constrained_layout.w_pad": 0.08,  # inches
    "figure.constrained_layout.h_pad": 0.08,
}
DOTS_PER_INCH = 150


@contextmanager
def style() -> Iterator[None]:
    """Draw and save under this style; matplotlib's own settings are put back."""
    with matplotlib.rc_context(_STYLE):
        yield


def plain(axes: Axes, *, grid: str = "y") -> Axes:
    """Take away all lines that carry no number."""
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, linewidth=0.8)
    return axes


def note(axes: Axes, text: str) -> None:
    """Write in the middle of an empty panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", color=MUTED, transform=axes.transAxes)


def to_png(figure: Figure) -> bytes:
    """Return a figure as PNG on white."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, facecolor=PAPER)
    return buffer.getvalue()


def to_svg(figure: Figure, *, name: str) -> str:
    """Return a figure as an `<svg>` element whose colours are CSS variables.

    Args:
        figure: drawn in the colours above.
        name: prefix of every id, so that several figures can stand in one page; also the salt of
            those ids, so that the same figure gives the same text.
    """
    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(url\(|href=")#', rf"\1#{name}-", text)
    text = re.sub(r"font: ([^;\"]*?)([\d.]+px) [^;\"]*", _inherited_font, text)
    text = re.sub(r"font-family: [^;\"]*", "font-family: inherit", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var(--{variable})")
    return text.strip()


def _inherited_font(match: re.Match) -> str:
    weight = "; font-weight: 600" if re.search(r"bold|[67]00", match[1]) else ""
    return f"font-size: {match[2]}; font-family: inherit{weight}"


def short(name: str, length: int = LONGEST_NAME) -> str:
    """Cut a name to what fits an axis."""
    name = " ".join(name.split())
    return name if len(name) <= length else name[: length - 1] + "…"
