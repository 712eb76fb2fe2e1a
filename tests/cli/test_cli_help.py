"""Help teaches, output is plain, completion knows the names, and none of it loads Keras."""

import os
import subprocess
import sys

import pytest

COMMANDS = [
    ("list",),
    ("info",),
    ("data",),
    ("recipes", "list"),
    ("recipes", "show"),
    ("recipes", "copy"),
    ("train",),
    ("tune",),
    ("finetune",),
    ("evaluate",),
    ("predict",),
    ("generate",),
    ("export",),
    ("verify",),
    ("doctor",),
]
WITHOUT_JSON = [("recipes", "copy")]  # writes a file and says where


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_of_every_command_holds_an_example_and_the_json_switch(zoo, command):
    outcome = zoo(*command, "--help")
    assert outcome.code == 0
    assert outcome.err == ""
    _, _, examples = outcome.out.partition("Example")
    assert f"zoo {' '.join(command)}" in examples
    assert ("--json" in outcome.out) == (command not in WITHOUT_JSON)


def test_help_lists_every_command(zoo):
    from zoo.cli.main import app

    names = {command.name for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    assert names == {command[0] for command in COMMANDS}
    out = zoo("--help").out
    assert all(f" {name} " in out for name in names)
    assert "zoo train image/digits-cnn" in out  # where to start
    assert "--install-completion" in out


@pytest.mark.parametrize("arguments", [(), ("recipes",)])
def test_no_arguments_give_the_help(zoo, arguments):
    outcome = zoo(*arguments)
    assert "Usage: zoo" in outcome.out + outcome.err
    assert "Commands" in outcome.out + outcome.err


@pytest.mark.parametrize("arguments", [("info",), ("predict",), ("train",), ("nonsense",)])
def test_missing_arguments_and_unknown_commands_are_usage_errors(zoo, arguments):
    outcome = zoo(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Usage: zoo" in outcome.err


def test_output_off_a_terminal_has_no_colours(zoo, run_dir, digit_png):
    for arguments in [
        ("--help",),
        ("list",),
        ("recipes", "show", "image/digits-cnn"),
        ("predict", run_dir, digit_png),
        ("info", "resnet2"),
        ("list", "--nonsense"),
    ]:
        outcome = zoo(*arguments)
        assert outcome.out or outcome.err
        assert "\x1b" not in outcome.out + outcome.err


def test_tables_in_a_pipe_keep_long_names_whole(zoo, run_dir, digit_png, tmp_path):
    path = tmp_path / f"{'seven' * 30}.png"
    path.write_bytes(digit_png.read_bytes())
    lines = zoo("predict", run_dir, path).out.splitlines()
    (line,) = [line for line in lines if str(path) in line]
    assert "%" in line


def test_brackets_in_names_are_shown_as_they_are(zoo, photos):
    (photos / "cat").rename(photos / "[bold]cat")
    assert "[bold]cat" in zoo("data", "./photos").out


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("zoo info resnet2", "resnet20"),
        ("zoo train image/di", "image/digits-cnn"),
        ("zoo verify image/fash", "image/fashion_mnist-resnet20"),
        ("zoo recipes copy image/d", "image/digits-cnn"),
        ("zoo predict image/di", "image/digits-cnn"),
        ("zoo evaluate image/di", "image/digits-cnn"),
        ("zoo data fashion", "fashion_mnist"),
    ],
)
def test_shell_completion_knows_names(zoo, monkeypatch, words, wanted):
    monkeypatch.setenv("_ZOO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert wanted in zoo().out.split()


def test_completion_offers_shipped_weights(monkeypatch):
    from zoo import registry
    from zoo.cli import complete

    monkeypatch.setattr(registry, "weight_cards", lambda: {"cnn_small.digits": None})
    assert complete.targets("cnn") == ["cnn_small.digits"]
    assert complete.targets("nothing like it") == []


def test_listing_help_and_completion_load_neither_keras_nor_tensorflow():
    code = """
import sys
from zoo.cli import complete
from zoo.cli.main import app
for arguments in (["list"], ["info", "resnet20"], ["data"], ["recipes", "list"], ["train", "-h"]):
    app(arguments, standalone_mode=False)
assert complete.models("r") and complete.datasets("d") and complete.targets("image")
heavy = {"keras", "tensorflow", "jax", "matplotlib"} & set(sys.modules)
sys.exit(f"loaded {heavy}" if heavy else 0)
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert result.returncode == 0, result.stderr
