"""Fenced blocks of a page: found, told apart, and run in order in one folder.

- `python` runs in one namespace a page, `sh` holds commands; in both, training is a smoke run.
- `console` holds `$ command` and what it prints; `...` stands for lines left out.

A comment on the line before a fence says what tests must know: `<!-- slow -->` (takes long),
`<!-- needs: fashion_mnist -->` (data), `<!-- not run: why -->`, `<!-- fails -->` (on purpose, at
once), `<!-- file: NAME -->` (the block is the reader's file of that name). README's test command,
which runs these very tests, is left out.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from shell import run_zoo

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CHEAP = ("list", "info", "data", "recipes")  # commands of a second
FROM_NOTHING = ("README.md", "docs/index.md")  # a newcomer's folder holds nothing
EXACT = ("list", "info", "data")  # whose output is compared to the last digit

_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>slow|needs|not run|fails|file|test command)(?:: (?P<why>[^\n]+))? -->\n)?"
    r"^(?P<fence>`{3,})(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
_GENERATED = re.compile(r"<!-- generated: \w+ -->\n.*?<!-- end -->", re.DOTALL)
_NUMBER = re.compile(r"\d[\d,.:]*")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: "python", "sh", "console", or one that is not run.
        code: between the fences.
        mark: "slow", "needs", "not run", "fails", "file", "test command" or "".
        why: what the mark says after its colon.
    """

    language: str
    code: str
    mark: str
    why: str

    @property
    def commands(self) -> list[tuple[str, str]]:
        """(command, expected output) of each line; the output of `sh` blocks is not looked at."""
        if self.language == "sh":
            return [(line, "") for line in whole_lines(self.code)]
        if self.language != "console":
            return []
        parts = re.split(r"^\$ ", self.code, flags=re.MULTILINE)
        assert not parts[0].strip(), f"a console block begins with '$ ': {self.code}"
        return [(part.partition("\n")[0], part.partition("\n")[2]) for part in parts[1:]]


def blocks_of(page: Path, *, generated: bool = False) -> list[Block]:
    """Return the blocks of a page; with `generated`, those of its generated parts alone."""
    text = page.read_text(encoding="utf-8")
    text = "\n".join(_GENERATED.findall(text)) if generated else _GENERATED.sub("", text)
    return [
        Block(m["language"], m["code"], m["mark"] or "", m["why"] or "")
        for m in _BLOCK.finditer(text)
    ]


def whole_lines(code: str) -> list[str]:
    """Return the commands of a script; a backslash or an open quote goes on with the next line.

    >>> whole_lines("zoo list 'a,\\n b'\\nzoo info x")
    ["zoo list 'a, b'", 'zoo info x']
    """
    commands, begun = [], ""
    for line in code.splitlines():
        begun += line if not begun else " " + line.lstrip()
        if begun.endswith("\\"):
            begun = begun.removesuffix("\\").rstrip()
            continue
        try:
            if words_of(begun):
                commands.append(begun)
            begun = ""
        except ValueError:  # no closing quotation yet
            continue
    assert not begun, f"a quote that is never closed: {begun}"
    return commands


def words_of(command: str) -> list[str]:
    """Return the words of a command line, its comment left out."""
    return shlex.split(command, comments=True)


def is_plain(command: str) -> bool:
    """Tell whether a line is one `zoo` command, which needs no shell."""
    words = words_of(command)
    return words[:1] == ["zoo"] and not set(words) & {"|", ">", "<", "&&", ";"}


def run_page(page: Path, folder: Path, *, slow: bool) -> None:
    """Run the blocks of a page in order, in `folder`, which is the working folder.

    Args:
        page: with blocks.
        folder: empty; `props` are put there.
        slow: run all that can run; else only Python that is not marked, and `CHEAP` commands.
    """
    namespace: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.mark in ("not run", "test command") or (block.mark == "slow" and not slow):
            continue
        if block.mark == "file":
            (folder / block.why).write_text(block.code, encoding="utf-8")
            continue
        if block.mark == "needs" and not (slow and has_data(block.why)):
            continue
        if block.language == "python":
            run_python(block.code, namespace, source=page)
        for command, expected in block.commands:
            name = words_of(command)[1] if is_plain(command) else ""
            if block.mark == "fails":
                outcome = run_zoo(*words_of(command)[1:])
                assert outcome.code, f"$ {command}\n{outcome.out}"
                assert matches(outcome.err, expected, exact=True), f"$ {command}\n{outcome.err}"
            elif slow or name in CHEAP:
                smoke, exact = block.language == "sh", name in EXACT
                check_command(command, expected, folder, smoke=smoke, exact=exact)


def run_python(code: str, namespace: dict[str, Any], *, source: Path) -> str:
    """Execute code and return what it printed; what it trains are smoke runs."""
    import zoo

    train, out = zoo.train, io.StringIO()

    def smoke(*arguments: Any, **options: Any) -> Any:
        return train(*arguments, **options | {"smoke": True})

    with mock.patch.object(zoo, "train", smoke, create=True), contextlib.redirect_stdout(out):
        exec(compile(code, str(source), "exec"), namespace)
    return out.getvalue()


def check_command(command: str, expected: str, folder: Path, *, smoke: bool, exact: bool) -> None:
    """Run a command; it must succeed, and print what the page says that it prints."""
    words = words_of(command)
    if smoke and words[1:2] in (["train"], ["finetune"]) and "--smoke" not in words:
        words.append("--smoke")
    if is_plain(command):
        outcome = run_zoo(*words[1:])
        code, out, err = outcome.code, outcome.out, outcome.err
    else:
        result = in_shell(command, folder)
        code, out, err = result.returncode, result.stdout, result.stderr
    found = code == 1 and "--check" in words and out  # something that makes results wrong
    assert code == 0 or found, f"$ {command}\n{out}{err}"
    if expected:
        shown = out if matches(out, expected, exact=exact) else err + out  # progress is on stderr
        assert matches(shown, expected, exact=exact), f"$ {command}\n{shown}\nis not\n{expected}"


def in_shell(command: str, folder: Path) -> subprocess.CompletedProcess:
    """Run a line that needs a shell, with `zoo` in its path."""
    programs = folder / ".bin"
    programs.mkdir(exist_ok=True)
    zoo = programs / "zoo"
    zoo.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zoo.cli.main "$@"\n')
    zoo.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=600,
    )


def matches(out: str, expected: str, *, exact: bool) -> bool:
    """Tell whether an output is the expected one, lines of `...` standing for any number of lines.

    Without `exact`, any number matches any other, and blanks between words don't count.

    >>> matches("loss 0.25\\nb\\nc\\n", "loss 1.5\\n...\\nc\\n", exact=False)
    True
    """
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += re.escape(_canonical(line, exact=exact)) + r"\n"
    lines = [_canonical(line, exact=exact) for line in out.rstrip().splitlines()]
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


def _canonical(line: str, *, exact: bool) -> str:
    line = line.rstrip()
    return line if exact else " ".join(_NUMBER.sub("#", line).split())


def has_data(name: str) -> bool:
    """Tell whether a data set lies where the environment says."""
    places = [os.environ.get(variable) for variable in ("TFDS_DATA_DIR", "ZOO_DATA_DIR")]
    return any(place and (Path(place) / name).is_dir() for place in places)


def props(folder: Path) -> None:
    """Put the files there that pages speak of as their reader's own."""
    import numpy as np
    import soundfile
    from PIL import Image

    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (folder / "photos" / name).mkdir(parents=True)
        for i in range(30):
            pixels = generator.integers(0, 256, (16, 16, 3), dtype="uint8")
            Image.fromarray(pixels).save(folder / "photos" / name / f"{i:02d}.png")
    people = [f"person{i}" for i in range(8)]
    words = {"yes": 400.0, "no": 900.0}
    files = [f"clips/{word}/{who}_{i}" for word in words for who in people for i in range(3)]
    files += [f"voices/{who}/{i}" for who in ("ann", "bob") for i in range(20)]
    for i, name in enumerate(files):
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        tone = np.sin(np.arange(4000) * (0.2 + 0.05 * (i % 7))) * 0.3
        soundfile.write(path, tone + generator.normal(0, 0.01, 4000), 8000)
    rows = [f'"{word} film number {i}",{word}' for i in range(40) for word in ("good", "bad")]
    (folder / "reviews.csv").write_text("\n".join(["text,label", *rows]))
    lines = [f"In chapter {i} somebody goes to the {i % 9}th house.\n" for i in range(400)]
    (folder / "book.txt").write_text("".join(lines))


@pytest.fixture
def page_folder(in_tmp: Path, request: pytest.FixtureRequest) -> Path:
    """A working folder: with the props, or empty for a page that says how to make what it needs."""
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name not in FROM_NOTHING:
        props(in_tmp)
    return in_tmp
