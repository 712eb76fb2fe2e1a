"""What README shows works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code, in_tmp, capsys):
    exec(compile(code, str(README), "exec"), {})
    assert capsys.readouterr().out


def test_commands_exist_with_the_options_shown():
    import typer

    from zoo.cli.main import app

    commands = typer.main.get_command(app).commands
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    shown = [shlex.split(line, comments=True) for line in lines if line.startswith("zoo ")]
    assert len(shown) > 8
    for _, name, *rest in shown:
        command = commands[name]
        options = {option for p in command.params for option in p.opts}
        assert {word for word in rest if word.startswith("--")} <= options, f"zoo {name}"


def test_generated_tables_are_up_to_date():
    from zoo import readme

    assert readme.filled(TEXT) == TEXT, "run: python -m zoo.readme"
