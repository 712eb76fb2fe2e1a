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
    ("weights", "list"),
    ("weights", "pull"),
    ("weights", "add"),
    ("weights", "path"),
    ("weights", "check"),
    ("weights", "remove"),
    ("train",),
    ("tune",),
    ("finetune",),
    ("start",),
    ("baseline",),
    ("evaluate",),
    ("compare",),
    ("ensemble",),
    ("predict",),
    ("explain",),
    ("visualize", "filters"),
    ("visualize", "features"),
    ("visualize", "neighbors"),
    ("visualize", "map"),
    ("visualize", "unit"),
    ("embed",),
    ("generate",),
    ("export",),
    ("convert",),
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


@pytest.mark.parametrize("arguments", [(), ("recipes",), ("weights",)])
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


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize(
    "command", [("list",), ("list", "--weights"), ("recipes", "list"), ("data",)], ids=" ".join
)
def test_tables_on_a_terminal_keep_names_whole(zoo, monkeypatch, width, command):
    from rich.console import Console

    from zoo.cli import table

    names = {item["name"] for item in zoo(*command, "--json").document}
    terminal = Console(width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(table, "console", terminal)
    lines = zoo(*command).out.splitlines()
    assert names <= {line.split()[0] for line in lines if line.split()}
    assert max(map(len, lines)) <= width


def test_a_table_says_what_it_left_out_for_lack_of_room(capsys, monkeypatch):
    from rich.console import Console

    from zoo.cli import table

    terminal = Console(width=32, force_terminal=True, color_system=None)
    monkeypatch.setattr(table, "console", terminal)
    rows = [("a_long_name_of_20_chars", "seldom", "a remark of several words")]
    table.show_table("things", ("name", "how often", "remark"), rows, spare=2)
    out = capsys.readouterr().out
    assert "a_long_name_of_20_chars" in out and "remark of" not in out
    assert "Left out for lack of room: remark." in " ".join(out.split())
    table.show_table("things", ("name", "how often", "remark"), rows)
    assert "several" in capsys.readouterr().out


def test_brackets_in_names_are_shown_as_they_are(zoo, photos):
    (photos / "cat").rename(photos / "[bold]cat")
    assert "[bold]cat" in zoo("data", "./photos").out


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("zoo info resnet2", "resnet20"),
        ("zoo info resnet20.", "resnet20.fashion_mnist"),
        ("zoo train image/di", "image/digits-cnn"),
        ("zoo train image/digits-cnn training.ep", "training.epochs="),
        ("zoo train image/digits-cnn model.arguments.w", "model.arguments.widths="),
        ("zoo tune image/digits-cnn optimizer.l", "optimizer.learning_rate="),
        ("zoo recipes show image/digits-cnn regularization.pr", "regularization.preset="),
        ("zoo export cnn_small.digits --format on", "onnx"),
        ("zoo verify image/fash", "image/fashion_mnist-resnet20"),
        ("zoo recipes copy image/d", "image/digits-cnn"),
        ("zoo predict image/di", "image/digits-cnn"),
        ("zoo evaluate image/di", "image/digits-cnn"),
        ("zoo data fashion", "fashion_mnist"),
        ("zoo convert file.pth --to resnet50.a1", "resnet50.a1_in1k"),
    ],
)
def test_shell_completion_knows_names(zoo, monkeypatch, words, wanted):
    monkeypatch.setenv("_ZOO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert wanted in zoo().out.split()


def test_completion_knows_override_keys_before_the_recipe_can_be_read(zoo, monkeypatch):
    monkeypatch.setenv("_ZOO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "zoo train nowhere.yaml schedule.war")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert zoo().out.split() == ["schedule.warmup_epochs="]


def test_completion_of_formats_knows_them_all():
    from recipes.export.export import FORMATS
    from zoo.cli import complete

    assert complete.formats("") == list(FORMATS)


def test_the_version_is_printed(zoo):
    import zoo as package

    outcome = zoo("--version")
    assert (outcome.code, outcome.out) == (0, f"kerazoo {package.__version__}\n")


def test_help_names_the_exit_codes(zoo):
    out = " ".join(zoo("--help").out.split())
    assert "Exit codes: 0 success; 1 " in out and "130 stopped with Ctrl-C" in out


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
assert complete.models_and_weights("r") and complete.datasets("d") and complete.targets("image")
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
