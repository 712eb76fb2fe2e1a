"""The notebook tour runs, and puts out what it says."""

import pytest
from blocks import matches

from zoo.docs.notebook import read_cells, run_cell, run_notebook


def texts(cell):
    """Return what a cell's outputs say, pictures by their kind."""
    return [
        "".join(output.get("text") or output["data"]["text/plain"]) for output in cell["outputs"]
    ]


@pytest.mark.slow
def test_the_tour_runs_and_puts_out_what_it_shows(in_tmp):
    for shown, now in zip(read_cells(), run_notebook(), strict=True):
        if shown["cell_type"] == "code":
            source = "".join(shown["source"])
            assert shown["outputs"] or source.startswith("import"), f"{source}\nshows nothing"
            for expected, out in zip(texts(shown), texts(now), strict=True):
                assert matches(out, expected, exact=False), f"{source}\nputs out\n{out}"


def test_a_cell_puts_out_what_it_prints_and_its_last_value():
    namespace = {}
    printed, value = run_cell("print('a')\nb = 2\nb + 1", namespace)
    assert printed == {"name": "stdout", "output_type": "stream", "text": ["a\n"]}
    assert value["data"] == {"text/plain": ["3"]}
    assert namespace["b"] == 2
    assert run_cell("b = 4", namespace) == []


def test_a_figure_is_put_out_as_a_picture():
    source = "from matplotlib.figure import Figure\nFigure(figsize=(1, 1))"
    (output,) = run_cell(source, {})
    assert output["data"]["image/png"].startswith("iVBORw0KGgo")
