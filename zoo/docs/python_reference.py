"""The reference of public names, from their own signatures and docstrings, read without Keras."""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import docstring_parser
from docstring_parser import DocstringStyle

import zoo
from zoo.docs.tables import table

SIGNATURE_WIDTH = 84  # characters
# Not in `zoo.__all__`, but returned by what is there.
RETURNED = {
    "Dataset": "zoo.data.dataset",
    "Split": "zoo.data.dataset",
    "Ensemble": "recipes.ensembles.ensemble",
    "Repeats": "recipes.repeats.repeat",
    "Study": "tuning.study",
}
Definition = ast.FunctionDef | ast.ClassDef


def public_names() -> str:
    """Return every name of `import zoo`: signature, purpose, arguments, errors and an example."""
    parts = []
    for name in zoo.__all__:
        parts += _described(f"zoo.{name}", _definition(zoo._PUBLIC[name], name), level=3)
    return "\n\n".join(parts)


def returned_classes() -> str:
    """Return the classes whose objects the functions return, described as `public_names` does."""
    parts = []
    for name, module in RETURNED.items():
        parts += _described(name, _definition(module, name), level=3)
    return "\n\n".join(parts)


def _described(name: str, node: Definition, *, level: int) -> Iterator[str]:
    """Yield heading, signature, text, tables and example of a function, class or method."""
    text, example = _example_apart(ast.get_docstring(node) or "")
    parsed = docstring_parser.parse(text, style=DocstringStyle.GOOGLE)
    yield f"{'#' * level} {name}"
    yield _one_line(parsed.short_description)
    if isinstance(node, ast.FunctionDef) and not _is_property(node):
        yield f"```text\n{call(name, _arguments(node))}\n```"
    if parsed.long_description:
        yield inspect.cleandoc(parsed.long_description)
    if parsed.params:
        kind = "argument" if isinstance(node, ast.FunctionDef) else "attribute or argument"
        rows = [(f"`{each.arg_name}`", _one_line(each.description)) for each in parsed.params]
        yield table((kind, "meaning"), rows)
    if parsed.returns:
        yield f"Returns: {_one_line(parsed.returns.description)}"
    if parsed.raises:
        rows = [(f"`{each.type_name}`", _one_line(each.description)) for each in parsed.raises]
        yield table(("raises", "when"), rows)
    if example:
        yield f"```pycon\n{example}\n```"
    if isinstance(node, ast.ClassDef):
        for method in _methods(node):
            yield from _described(f"{name}.{method.name}", method, level=level + 1)


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Yield public methods and properties that have a docstring."""
    for item in node.body:
        is_public = isinstance(item, ast.FunctionDef) and not item.name.startswith("_")
        if is_public and ast.get_docstring(item):
            yield item


def _is_property(node: ast.FunctionDef) -> bool:
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def _example_apart(docstring: str) -> tuple[str, str]:
    """Return a docstring without its example, and the example without its notes to doctest.

    >>> _example_apart("Add.\\n\\n>>> add(1, 2)  # doctest: +SKIP\\n3")
    ('Add.', '>>> add(1, 2)\\n3')
    """
    text, prompt, example = docstring.partition(">>> ")
    return text.rstrip(), re.sub(r" *# doctest: .*", "", prompt + example).rstrip()


def _one_line(text: str | None) -> str:
    return " ".join((text or "").replace("|", "\\|").split())


def call(name: str, arguments: str) -> str:
    """Return a call, its arguments wrapped.

    >>> call("zoo.load", "target")
    'zoo.load(target)'
    """
    return textwrap.fill(f"{name}({arguments})", SIGNATURE_WIDTH, subsequent_indent="    ")


def _definition(module: str, name: str) -> Definition:
    base = Path(zoo.__file__).parents[1] / module.replace(".", "/")
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    raise ValueError(f"{file} does not define {name}")


def _arguments(node: ast.FunctionDef) -> str:
    """Return the arguments with their defaults, without types and without `self`."""
    bare = ast.parse(ast.unparse(node)).body[0].args
    bare.args = [argument for argument in bare.args if argument.arg not in ("self", "cls")]
    for argument in (*bare.posonlyargs, *bare.args, *bare.kwonlyargs, bare.vararg, bare.kwarg):
        if argument is not None:
            argument.annotation = None
    return ast.unparse(bare)
