"""Cards of installed packages: found by entry points, read lazily, left out with one warning."""

import json

import pytest
from packages import lay_out, python

CARDS = """
from zoo.cards import ColumnCard, DatasetCard, FeatureSpec, ModelCard, TaskCard

MODEL = ModelCard(
    name="own_net", builder="own_parts:own_net", family="own", modality="image",
    tasks=("image_classification",), summary="", paper="", arxiv="", year=2026,
    input_shape=(8, 8, 1), num_classes=2, features=(FeatureSpec("pooled", None, 3),),
    head_feature="pooled", arguments={"width": 5},
)
DATA = DatasetCard(
    name="own_data", source="own", loader="own_parts:load", modality="image",
    task="image_classification", summary="", licence="CC0-1.0", homepage="", num_classes=2,
)
CARDS = [MODEL, DATA]
"""
PARTS = """
raise ImportError("this module is for training alone")

def own_net(*, input_shape=(8, 8, 1), width: int = 2, rate: float = 0.5):
    pass

def load():
    pass
"""
COMMAND = """
import contextlib, io, json, sys

def zoo_says(*words):
    from zoo.cli.main import main
    sys.argv, out = ["zoo", *words], io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            main()
        except SystemExit as end:
            assert not end.code, out.getvalue()
    return out.getvalue()
"""


@pytest.fixture
def installed(tmp_path):
    """A folder with one package that is as it should be."""
    lay_out(tmp_path / "site", "own-cards", "own_cards:CARDS", own_cards=CARDS, own_parts=PARTS)
    return tmp_path / "site"


def test_commands_show_what_a_package_brings_without_importing_it(installed, tmp_path):
    code = f"""{COMMAND}
(found,) = json.loads(zoo_says("list", "own_net", "--json"))
(data,) = [one for one in json.loads(zoo_says("data", "--json")) if one["name"] == "own_data"]
info, table = zoo_says("info", "own_net"), zoo_says("list", "own_net")
loaded = [name for name in ("own_parts", "keras", "tensorflow", "numpy") if name in sys.modules]
print(json.dumps([found, data, info, table, loaded, zoo_says("data", "own_data", "--where")]))
"""
    said = python(code, path=[installed], folder=tmp_path)
    found, data, info, table, loaded, where = json.loads(said.stdout)
    assert found["package"] == data["package"] == "own-cards 1.0"
    assert found["params"] is None
    assert found["arguments"] == {
        "width": {"type": "int", "default": 5},
        "rate": {"type": "float", "default": 0.5},
    }
    assert "own-cards 1.0" in info and "not counted" in info
    assert "package" in table and "own-cards 1.0" in table
    assert "own_parts" not in loaded and "keras" not in loaded and "tensorflow" not in loaded
    assert "own-cards 1.0" in where
    assert said.stderr == ""


def test_a_name_of_the_catalog_reads_no_package(installed, tmp_path):
    code = (
        "import sys; from zoo import registry; from recipes.values.load import load_recipe\n"
        "load_recipe('image/digits-cnn'); registry.model_card('resnet20')\n"
        "print('own_cards' in sys.modules, 'own_net' in registry.MODELS, 'own_cards' in sys.modules)"
    )
    said = python(code, path=[installed], folder=tmp_path).stdout
    assert said.split() == ["False", "True", "True"]


def test_tables_are_as_ever_where_no_package_brings_cards(tmp_path):
    code = f"{COMMAND}print(zoo_says('list', 'mlp'), zoo_says('data'), zoo_says('recipes', 'list'))"
    assert "package" not in python(code, path=[], folder=tmp_path).stdout


def test_the_switch_ignores_every_package(installed, tmp_path):
    code = (
        "from zoo import registry, shelves; print('own_net' in registry.MODELS, shelves.contents())"
    )
    said = python(code, path=[installed], folder=tmp_path, plugins="off").stdout
    assert said.split() == ["False", "{}"]


@pytest.mark.parametrize(
    ("value", "module", "fault"),
    [
        ("broken:CARDS", "import no_such_package", "ModuleNotFoundError: No module named"),
        ("broken:CARDS", "CARDS = [", "SyntaxError"),
        ("broken:CARDS", "import sys; sys.exit(3)", "SystemExit: 3"),
        ("broken:NONE", "CARDS = ()", "AttributeError"),
        ("no_such_module:CARDS", "", "ModuleNotFoundError"),
        ("broken:CARDS", "CARDS = ['resnet']", "'resnet' is not a card"),
        ("broken:CARDS", "def CARDS():\n    return 1 / 0", "ZeroDivisionError: division by zero"),
        (
            "broken:CARDS",
            "import dataclasses, own_cards\n"
            "CARDS = [dataclasses.replace(own_cards.MODEL, name='fresh'),"
            " dataclasses.replace(own_cards.MODEL, name='resnet20')]",
            "A model named 'resnet20' already exists; it belongs to kerazoo.",
        ),
        (
            "broken:CARDS",
            "import dataclasses, own_cards\n"
            "CARDS = dataclasses.replace(own_cards.MODEL, name='fresh', builder='nowhere:net')",
            "there is no module nowhere",
        ),
    ],
)
def test_a_broken_package_is_named_once_and_breaks_nothing_else(
    installed, tmp_path, value, module, fault
):
    lay_out(installed, "zz-broken", value, broken=module)
    code = f"""{COMMAND}
first, second = (json.loads(zoo_says("list", "--json")) for _ in range(2))
names = [one["name"] for one in first]
from zoo import shelves
print(json.dumps([first == second, "own_net" in names, "resnet20" in names, "fresh" in names,
                  shelves.contents()]))
"""
    said = python(code, path=[installed], folder=tmp_path)
    *held, contents = json.loads(said.stdout)
    assert held == [True, True, True, False]
    assert contents["own-cards 1.0"] == "1 model, 1 data set"
    assert contents["zz-broken 1.0"].startswith("left out: ") and fault in contents["zz-broken 1.0"]
    (line,) = said.stderr.splitlines()
    assert line.startswith("warning: The cards of zz-broken 1.0 are left out: ") and fault in line


@pytest.mark.slow
def test_the_doctor_shows_what_packages_bring_and_which_are_broken(installed, tmp_path):
    lay_out(installed, "zz-broken", "broken:CARDS", broken="CARDS = 3")
    code = "import json; from zoo.doctor import examine; print(json.dumps(examine()))"
    said = python(code, path=[installed], folder=tmp_path).stdout
    facts, problems = json.loads(said.splitlines()[-1])
    assert facts["plug-ins"].startswith(
        "own-cards 1.0: 1 model, 1 data set; zz-broken 1.0: left out"
    )
    (problem,) = [each for each in problems if "zz-broken" in each["problem"]]
    assert "3 is not a card" in problem["problem"]
    assert problem["fix"] == "correct the package, or pip uninstall zz-broken"


def test_two_packages_with_one_name_name_the_first(installed, tmp_path):
    lay_out(installed, "zz-second", "second:CARDS", second="from own_cards import CARDS")
    said = python("import zoo; zoo.list_models()", path=[installed], folder=tmp_path)
    assert "A model named 'own_net' already exists; it belongs to own-cards 1.0." in said.stderr


def test_a_script_may_not_take_the_name_of_a_package(installed, tmp_path):
    code = """
import dataclasses, zoo, own_cards
try:
    zoo.register(dataclasses.replace(own_cards.MODEL, summary="Another."))
except zoo.ZooError as error:
    print(error.problem)
zoo.register(own_cards.MODEL)  # an equal card is not a contradiction
"""
    said = python(code, path=[installed], folder=tmp_path).stdout
    assert said.strip().endswith("it belongs to own-cards 1.0.")


RECIPE = """
name: mine/data-net
summary: A recipe of a package.
data: {name: own_data}
model: {name: own_net}
training: {epochs: 1}
"""


def test_recipes_of_a_package_have_names(installed, tmp_path):
    folder = installed / "recipes" / "mine"
    folder.mkdir(parents=True)
    (folder / "data-net.yaml").write_text(RECIPE)
    code = f"""{COMMAND}
from recipes.values.load import load_recipe
recipe = load_recipe("mine/data-net", "model.arguments.width=7", "training.batch_size=8")
listed = {{one["name"]: one["package"] for one in json.loads(zoo_says("recipes", "list", "--json"))}}
other = recipe.with_values({{"data.name": "digits"}})
zoo_says("recipes", "copy", "mine/data-net", "copy.yaml")
import zoo
try:
    load_recipe("mine/data-nte")
except zoo.ZooError as error:
    print(json.dumps([listed["mine/data-net"], listed["image/digits-cnn"], other.name,
                      recipe.model.arguments, error.expected]))
"""
    said = python(code, path=[installed], folder=tmp_path).stdout
    package, ours, renamed, arguments, nearest = json.loads(said)
    assert (package, ours) == ("own-cards 1.0", "kerazoo")
    assert renamed == "image/digits-own_net"
    assert arguments == {"width": 7}
    assert "mine/data-net" in nearest
    assert (tmp_path / "copy.yaml").read_text() == RECIPE
