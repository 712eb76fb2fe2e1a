"""Figures are drawn for every kind of run, on the spot and without global state."""

import matplotlib
import numpy as np
import pytest
from PIL import Image

from recipes.report import panels, pictures
from recipes.report.figures import panel_svg, save_figures

NAMES = (
    "learning_curves",
    "confusion_matrix",
    "reliability",
    "mistakes",
    "precision_recall",
    "samples",
    "gradients",
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "variant",
    ["as usual", "forty classes", "no mistakes", "one epoch", "no history", "bare", "diverged"],
    indirect=True,
)
def test_every_run_gives_its_pictures_none_of_them_blank(variant, tmp_path):
    paths = save_figures(variant, tmp_path)
    names = [name for name in NAMES if len(variant.classes) <= 10 or name != "precision_recall"]
    assert [path.name for path in paths] == [f"{name}.png" for name in names]
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("L"))
        assert min(pixels.shape) > 200
        assert pixels.min() < 200 and pixels.max() == 255


def test_drawing_leaves_matplotlibs_settings_alone(made, tmp_path):
    before = dict(matplotlib.rcParams)
    save_figures(made(), tmp_path)
    assert dict(matplotlib.rcParams) == before


def test_figures_in_the_page_take_their_colours_from_it(made):
    text = panel_svg(panels.loss, made(), width=4, height=3)
    assert text.startswith("<svg") and text.endswith("</svg>")
    assert "var(--first)" in text and "var(--second)" in text and "var(--ink)" in text
    assert "#0072b2" not in text
    assert "DejaVu" not in text


def test_curves_mark_the_best_epoch(made):
    assert "best epoch (4)" in panel_svg(panels.metric, made(), width=4, height=3)


def test_small_images_keep_their_pixels_and_large_ones_shrink():
    assert size_of(np.zeros((28, 20, 1), "uint8")) == (20, 28)
    assert size_of(np.zeros((300, 600, 3), "uint8")) == (96, 48)


def size_of(image: np.ndarray) -> tuple[int, int]:
    import base64
    import io

    kind, _, encoded = pictures.data_uri(image).partition(",")
    assert kind == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(encoded))).size
