"""The notebook tour: run its cells, and show it as a page.

`python -m zoo.docs.notebook` runs the cells of docs/tour.ipynb in a new folder and writes what they
put out; `python -m zoo.docs` then makes the page of it.
"""

import ast
import base64
import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from zoo.files import write_text

FILE = Path(__file__).parents[2] / "docs" / "tour.ipynb"


def read_cells() -> list[dict[str, Any]]:
    """Return the notebook's cells."""
    return json.loads(FILE.read_text(encoding="utf-8"))["cells"]


def run_cell(source: str, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a cell as a notebook does and return its outputs.

    What it prints is a stream; the value of a last expression is its result, a matplotlib figure as
    a picture.

    Args:
        source: Python statements.
        namespace: of the notebook; changed.

    >>> run_cell("a = 1\\na + 1", {})[0]["data"]
    {'text/plain': ['2']}
    """
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    out, value = io.StringIO(), None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "cell", "exec"), namespace)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), namespace)
    outputs: list[dict[str, Any]] = []
    if out.getvalue():
        text = out.getvalue().splitlines(keepends=True)
        outputs.append({"name": "stdout", "output_type": "stream", "text": text})
    if value is not None:
        outputs.append({"data": _data(value), "metadata": {}, "output_type": "display_data"})
    return outputs


def _data(value: Any) -> dict[str, Any]:
    if not hasattr(value, "savefig"):
        return {"text/plain": repr(value).splitlines(keepends=True)}
    picture = io.BytesIO()
    # No version and no date, so that the same figure is the same bytes.
    value.savefig(picture, format="png", dpi=80, metadata={"Software": None})
    return {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": ["figure"]}


def run_notebook() -> list[dict[str, Any]]:
    """Return the cells with the outputs that they have in this working folder."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    cells = read_cells()
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = run_cell("".join(cell["source"]), namespace)
    return cells


def as_markdown() -> str:
    """Return the notebook's cells as Markdown; pictures are embedded."""
    parts = []
    for cell in read_cells():
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        parts += [_shown(output) for output in cell["outputs"]]
    return "\n\n".join(parts)


def _shown(output: dict[str, Any]) -> str:
    data = output.get("data", {})
    if "image/png" in data:
        return f"![what the cell shows](data:image/png;base64,{data['image/png']})"
    text = "".join(output.get("text") or data["text/plain"])
    return f"```text\n{text.rstrip()}\n```"


def main() -> None:
    """Run the cells in a new folder and write their outputs."""
    values = json.loads(FILE.read_text(encoding="utf-8"))
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            values["cells"] = run_notebook()
        finally:
            os.chdir(here)
    write_text(FILE, json.dumps(values, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
