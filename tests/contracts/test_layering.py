"""The rules that keep the source simple: who may import whom, and how long things may be."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("zoo", "recipes", "tuning")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
# folder or file, and the lines that a file there may have
BUDGETS = {
    "zoo/models": 400,
    "zoo/tasks": 200,
    "zoo/cli": 120,
    "recipes/training/train.py": 200,
}
MAX_RECIPE_LINES = 60


def relative(path: Path) -> str:
    """Return a path as it is written in this project."""
    return path.relative_to(ROOT).as_posix()


def count_lines(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function or method with its lines, decorators and docstring included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield node.name, node.end_lineno - first + 1


def imported(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_imports_go_one_way():
    # In a process of its own, because it sets up logging for all of it.
    code = "from importlinter.cli import lint_imports_command as run; run()"
    result = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_no_files_import_one_another_in_a_circle():
    # Imports inside functions and for types count: they hide a circle, they do not cut it.
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError, with the files


def test_no_file_is_too_long():
    long = {relative(p): n for p in SOURCES if (n := count_lines(p)) > MAX_FILE_LINES}
    assert long == {}


def test_no_function_is_too_long():
    long = {
        f"{relative(path)}:{name}": lines
        for path in SOURCES
        for name, lines in functions(path)
        if lines > MAX_FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("place, limit", BUDGETS.items())
def test_files_keep_their_budget(place, limit):
    files = [path for path in SOURCES if relative(path).startswith(place)]
    assert files, f"there is nothing at {place}"
    assert {relative(path): n for path in files if (n := count_lines(path)) > limit} == {}


def test_recipes_keep_their_budget():
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.yaml")]
    assert {
        relative(path): n for path in files if (n := count_lines(path)) > MAX_RECIPE_LINES
    } == {}


def test_no_file_is_for_whatever_is_left_over():
    names = {"utils.py", "util.py", "common.py", "helpers.py", "misc.py"}
    assert [relative(path) for path in SOURCES if path.name in names] == []


def test_model_families_do_not_import_one_another():
    families = [path for path in SOURCES if relative(path).startswith("zoo/models/")]
    crossing = {
        relative(path): name
        for path in families
        for name in imported(path)
        if name.startswith("zoo.models")
    }
    assert crossing == {}


def test_every_module_says_what_it_is_for():
    silent = [
        relative(path)
        for path in SOURCES
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_lines_of_a_function_count_decorators_and_docstring(tmp_path):
    text = '@first\n@second\ndef outer():\n    """Say."""\n    def inner():\n        return 1\n'
    (tmp_path / "module.py").write_text(text)
    assert dict(functions(tmp_path / "module.py")) == {"outer": 6, "inner": 2}
