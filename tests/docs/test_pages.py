"""What README and the pages of docs/ show is true: it runs, it prints that, it leads somewhere."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import yaml
from blocks import PAGES, ROOT, blocks_of, is_plain, matches, page_folder, run_page, words_of

from recipes.values.load import load_recipe, recipe_names
from zoo.docs.fill import filled

__all__ = ["page_folder"]  # a fixture

DOCS = ROOT / "docs"
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]
MOST_NOT_RUN = 21  # blocks in all; each says why, such as weights that only users have
JOINTS = ("|", "&&", ";", ">")
WITH_OVERRIDES = (["train"], ["recipes", "show"])  # commands that take RECIPE KEY=VALUE …


def with_blocks(*languages: str) -> list[str]:
    """Return the pages that have blocks to run; the tour's cells are run as a notebook."""
    return [
        name
        for name, page in zip(NAMES, PAGES, strict=True)
        if any(block.language in languages for block in blocks_of(page))
    ]


def shown_commands(page: Path) -> Iterator[list[str]]:
    """Yield the words after `zoo` of every command on a page, those left out that are to fail."""
    for block in (*blocks_of(page), *blocks_of(page, generated=True)):
        if block.mark == "fails":
            continue
        for command, _ in block.commands:
            for joint, words in groupby(words_of(command), lambda word: word in JOINTS):
                words = list(words)
                if not joint and words[0] == "zoo":
                    yield words[1:]


@pytest.mark.parametrize("name", NAMES)
def test_generated_parts_are_up_to_date(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert filled(text, source=name) == text, "run: python -m zoo.docs"


@pytest.mark.parametrize("name", with_blocks("sh", "console"))
def test_commands_are_as_shown(name):
    import typer

    from zoo.cli.main import app

    for words in shown_commands(ROOT / name):
        command, rest = typer.main.get_command(app), words
        while hasattr(command, "commands"):
            assert rest and rest[0] in command.commands, f"zoo {' '.join(words)}"
            command, rest = command.commands[rest[0]], rest[1:]
        context = command.make_context(command.name, list(rest))  # raises where an option is none
        for start in WITH_OVERRIDES:
            if (
                words[: len(start)] == start
                and context.params.get("name", rest[0]) in recipe_names()
            ):
                load_recipe(rest[0], *context.params["overrides"] or ())


@pytest.mark.parametrize("name", with_blocks("python", "console"))
def test_quick_blocks_run(name, page_folder):
    run_page(ROOT / name, page_folder, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", with_blocks("python", "sh", "console"))
def test_all_blocks_run(name, page_folder):
    run_page(ROOT / name, page_folder, slow=True)


@pytest.mark.slow
def test_calls_in_the_tables_of_other_libraries_run(page_folder):
    import zoo

    text = (DOCS / "coming_from.md").read_text(encoding="utf-8")
    ours = [line.split(" | ")[1] for line in text.splitlines() if line.startswith("| `")]
    calls = [call for cell in ours for call in re.findall(r"`(zoo\.[^`]+)`", cell)]
    # A name in capitals, a download, a file of yours and published weights are not here.
    absent = r"…|\b[A-Z]{4,}\b|download|mine\.pth|\w+_in1k"
    whole = [call for call in calls if not re.search(absent, call)]
    assert len(whole) > 12
    for call in whole:
        assert eval(call, {"zoo": zoo}) is not None, call


def test_few_blocks_are_not_run_and_each_says_why():
    left_out = [block for page in PAGES for block in blocks_of(page) if block.mark == "not run"]
    assert all(block.why for block in left_out)
    assert len(left_out) <= MOST_NOT_RUN


@pytest.mark.parametrize("name", NAMES)
def test_recipes_shown_whole_are_valid(name, tmp_path):
    path = tmp_path / "shown.yaml"
    for block in blocks_of(ROOT / name):
        if block.language == "yaml" and "\ntraining:" in block.code:
            path.write_text(block.code, encoding="utf-8")
            load_recipe(path)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://", "data:")):
            continue
        path, _, anchor = target.partition("#")
        file = page if not path else (page.parent / path).resolve()
        assert file.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in anchors(file), f"{name}: {target} (there is {sorted(anchors(file))})"


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as its Markdown library makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings]
    return {re.sub(r"[-\s]+", "-", heading) for heading in plain}


def test_every_page_is_in_the_navigation():
    def files(entries) -> Iterator[str]:
        for entry in entries:
            for value in entry.values():
                yield from [value] if isinstance(value, str) else files(value)

    listed = list(files(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    there = sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))
    assert sorted(listed) == there


def test_pages_fetch_nothing_from_elsewhere():
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert settings["theme"]["font"] is False
    for page in DOCS.rglob("*.md"):
        assert "<script" not in page.read_text(encoding="utf-8")
        assert not re.search(r"!\[[^]]*\]\(https?:", page.read_text(encoding="utf-8")), page


@pytest.mark.slow
def test_site_builds_without_warnings(tmp_path):
    pytest.importorskip("mkdocs", reason='needs pip install ".[docs]"')
    pytest.importorskip("material", reason='needs pip install ".[docs]"')
    result = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},  # of Material's own end, in 2027
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert "WARNING" not in result.stderr
    start = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    fetched = re.findall(r'(?:<script[^>]*src|<link[^>]*href)="(https?://[^"]+)"', start)
    assert fetched == []
    shutil.rmtree(tmp_path / "site")


@pytest.mark.parametrize(
    "out, expected, exact, same",
    [
        ("loss 0.25\n", "loss 1.5\n", False, True),
        ("loss 0.25\n", "loss 1.5\n", True, False),
        ("a\nb\nc\n", "a\n...\nc\n", True, True),
        ("a\nc\n", "a\n...\nc\n", True, True),
        ("a\nb\n", "a\n...\nc\n", True, False),
        ("a 1  x\n", "a 20 x\n", False, True),
        ("a 1 y\n", "a 20 x\n", False, False),
    ],
)
def test_outputs_are_compared(out, expected, exact, same):
    assert matches(out, expected, exact=exact) is same


def test_blocks_and_marks_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- not run: no such data -->\n```sh\nzoo list | head\n```\n\n"
        "```console\n$ zoo list\n3 models\n```\n"
        "<!-- generated: models -->\n```sh\nzoo info mlp\n```\n<!-- end -->\n"
    )
    first, second = blocks_of(page)
    assert (first.mark, first.why) == ("not run", "no such data")
    assert not is_plain(first.commands[0][0])
    assert second.commands == [("zoo list", "3 models\n")]
    assert list(shown_commands(page)) == [["list"], ["list"], ["info", "mlp"]]


def test_a_place_that_nothing_fills_is_named():
    with pytest.raises(
        ValueError, match=r"page\.md: nothing generates 'modles'; there is families,"
    ):
        filled("<!-- generated: modles -->\n<!-- end -->", source="page.md")
    with pytest.raises(ValueError, match=r"page\.md: a generated part has no <!-- end -->"):
        filled("<!-- generated: models -->\n", source="page.md")
