"""Draw the pictures of the models; `zoo.docs.dots` says what they show."""

import io
import math
from collections.abc import Callable, Iterable

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from recipes.report import theme
from zoo.docs.dots import KINDS, Dot, frontier, models, published
from zoo.quantities import human

Point = tuple[float, float]
Line = tuple[Point, Point]

# The fourth is from the palette of Okabe and Ito too.
COLOURS = dict(zip(KINDS, (theme.FIRST, theme.SECOND, theme.THIRD, "#cc79a7"), strict=True))
MARKS = dict(zip(KINDS, "os^D", strict=True))
SIZE = (8.4, 6.6)  # inches
DOT_POINTS, LABEL_POINTS = 5.0, 7.0
# Names of well-known models, and of those that lie apart.
KNOWN_MODELS = """
    mlp lenet5 alexnet vgg11 vgg19 squeezenet1_0 squeezenet1_1 densenet121 resnet8 resnet20 resnet56
    resnet110 resnet18 resnet50 resnet152 wide_resnet_28_10 densenet_bc_100_12 airbench cnn_small
    mobilenetv1_025 mobilenetv1_100 mobilenetv2_050 mobilenetv2_100 mobilenetv3_small_100
    mobilenetv3_large_100 efficientnet_b0 efficientnetv2_m ghostnet_050 ghostnet_100
    shufflenet_v2_x0_5 convnext_atto convnext_base mixer_s32 mixer_b16 convmixer_768_32
    vit_cifar_patch4 vit_tiny_patch16 vit_small_patch32 vit_base_patch32 vit_base_patch16 cct_2_3x2
    mobilevit_xs
"""
KNOWN_WEIGHTS = """
    vgg11.tv_in1k vgg16.tv_in1k vgg19_bn.tv_in1k resnet18.tv_in1k resnet50.tv_in1k resnet50.a1_in1k
    resnet152.a1_in1k resnet101d.ra2_in1k densenet121.tv_in1k densenet201.tv_in1k
    inception_v3.tv_in1k resnext101_32x8d.tv2_in1k mobilenetv1_100.keras_in1k
    mobilenetv2_100.ra_in1k efficientnet_lite0.in1k vit_tiny_patch16.augreg_in21k_ft_in1k
    vit_base_patch16.augreg_in21k_ft_in1k vit_base_patch32.augreg_in21k_ft_in1k
    mixer_b16.goog_in21k_ft_in1k convmixer_768_32.in1k deit_base_patch16.fb_in1k
    swin_tiny_patch4_window7.ms_in1k convnext_base.fb_in1k mobilevit_xs.cvnets_in1k
"""


def draw_models() -> str:
    """Return a picture of all image models: parameters against multiply-adds."""
    dots = models()
    with theme.style():
        figure, axes = _panel("parameters", "multiply-adds for one image")
        axes.set_yscale("log")
        for dot in dots:
            _mark(axes, dot, dot.params, dot.macs)
        _tick(axes.yaxis)
        axes.set_xlim(4e4, 4e8)
        _legend(axes)
        points = {dot.name: (dot.params, dot.macs) for dot in dots}
        place(axes, KNOWN_MODELS.split(), points)
        return _svg(figure, "models")


def draw_published() -> str:
    """Return a picture of published weights: stated accuracy against multiply-adds."""
    dots = published()
    with theme.style():
        figure, axes = _panel("multiply-adds for one image", "stated ImageNet top-1 accuracy, %")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        for dot in dots:
            _mark(axes, dot, dot.macs, 100 * dot.accuracy)
        axes.set_xlim(4e7, 7e10)
        best = frontier(dots)
        alone = frontier([dot for dot in dots if not dot.more_data])
        steps = _steps(axes, best, "-", "best for its cost")
        steps += _steps(axes, alone, ":", "the same, without the hollow ones")
        hollow = {"color": theme.INK, "markerfacecolor": theme.PAPER, "markersize": DOT_POINTS}
        axes.plot([], [], "o", **hollow, label="hollow: trained on a larger set first")
        _legend(axes)
        points = {dot.name: (dot.macs, 100 * dot.accuracy) for dot in dots}
        names = dict.fromkeys([*(dot.name for dot in best), *KNOWN_WEIGHTS.split()])
        place(axes, names, points, lines=steps)
        return _svg(figure, "published")


DRAWERS: dict[str, Callable[[], str]] = {"models": draw_models, "published": draw_published}


def _steps(axes: Axes, dots: list[Dot], style: str, label: str) -> list[Line]:
    """Draw a frontier, and return its straight parts."""
    x, y = [dot.macs for dot in dots], [100 * dot.accuracy for dot in dots]
    look = {"linestyle": style, "linewidth": 1, "color": theme.MUTED, "zorder": 1}
    axes.step(x, y, where="post", label=label, **look)
    flat = [((x[i], y[i]), (x[i + 1], y[i])) for i in range(len(x) - 1)]
    return flat + [((x[i + 1], y[i]), (x[i + 1], y[i + 1])) for i in range(len(x) - 1)]


def _panel(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = theme.plain(figure.subplots(), grid="both")
    axes.set_xscale("log")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    _tick(axes.xaxis)
    return figure, axes


def _tick(axis: matplotlib.axis.Axis) -> None:
    axis.set_major_locator(LogLocator(subs=(1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: human(round(value))))
    axis.set_minor_formatter(NullFormatter())
    axis.set_tick_params(which="minor", length=0)


def _mark(axes: Axes, dot: Dot, x: float, y: float) -> None:
    colour = COLOURS[dot.kind]
    style = {"color": colour, "markeredgewidth": 0.9, "linestyle": "none"}
    style["markerfacecolor"] = theme.PAPER if dot.more_data else colour
    axes.plot([x], [y], MARKS[dot.kind], markersize=DOT_POINTS, **style)


def _legend(axes: Axes) -> None:
    for kind, colour in COLOURS.items():
        axes.plot([], [], MARKS[kind], color=colour, markersize=DOT_POINTS, label=kind)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=7.5, handletextpad=0.3)


def place(
    axes: Axes, names: Iterable[str], points: dict[str, Point], *, lines: Iterable[Line] = ()
) -> None:
    """Write names beside their points, where they cover no point, no line and no other name.

    A name for which there is no room is left out, so the more important ones come first.

    Args:
        axes: drawn, with its limits.
        names: of the points to label.
        points: where each is, by its name.
        lines: the ends of horizontal and vertical lines.
    """
    figure = axes.figure
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    scale, pixels = figure.dpi / 72, axes.transData.transform
    taken = [_around(pixels(point), DOT_POINTS * scale / 2) for point in points.values()]
    taken += [Bbox(pixels(line)).padded(scale / 2) for line in lines]
    for name in names:
        text = axes.text(0, 0, name, fontsize=LABEL_POINTS, color=theme.INK, zorder=3)
        size, at = text.get_window_extent(), pixels(points[name])
        found = _free(at, size, taken, within=axes.bbox, scale=scale)
        if found is None:
            text.remove()
            continue
        box, far = found
        taken.append(box)
        side = "left" if box.x0 >= at[0] else "right" if box.x1 <= at[0] else "center"
        x = {"left": box.x0, "right": box.x1, "center": (box.x0 + box.x1) / 2}[side]
        text.set(position=axes.transData.inverted().transform((x, box.y0)), ha=side, va="bottom")
        if far:
            end = min(max(at[0], box.x0), box.x1), min(max(at[1], box.y0), box.y1)
            ends = axes.transData.inverted().transform([at, end])
            axes.plot(*ends.T, color=theme.MUTED, linewidth=0.4, zorder=1)


def _around(centre: Point, half: float) -> Bbox:
    x, y = centre
    return Bbox([(x - half, y - half), (x + half, y + half)])


def _free(
    at: Point, size: Bbox, taken: list[Bbox], *, within: Bbox, scale: float
) -> tuple[Bbox, bool] | None:
    """Return the nearest free place of a label, and whether it needs a line to its point."""
    for radius in (6, 8, 11, 15, 20, 26, 33, 41, 50):
        for turn in (0, 180, 90, 270, 30, 330, 150, 210, 60, 300, 120, 240):
            x = at[0] + radius * scale * math.cos(math.radians(turn))
            y = at[1] + radius * scale * math.sin(math.radians(turn))
            x -= size.width * (1 - math.cos(math.radians(turn))) / 2
            y -= size.height * (1 - math.sin(math.radians(turn))) / 2
            box = Bbox.from_bounds(x, y, size.width, size.height)
            inside = within.x0 <= box.x0 and box.x1 <= within.x1 and within.y0 <= box.y0
            inside &= box.y1 <= within.y1
            if inside and not any(map(box.padded(scale, 0).overlaps, taken)):
                return box, radius > 11
    return None


def _svg(figure: Figure, name: str) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", facecolor=theme.PAPER, metadata={"Date": None})
    return buffer.getvalue()
