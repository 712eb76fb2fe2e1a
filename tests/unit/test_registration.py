"""Cards of one's own: found by name here and in other processes, and refused where they are wrong."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

import zoo
from recipes.values.load import load_recipe
from zoo import registration, registry
from zoo.cards import (
    ColumnCard,
    DatasetCard,
    FeatureSpec,
    FileSource,
    ModelCard,
    PretrainedCard,
    TaskCard,
)
from zoo.columns.base import Column, Spec
from zoo.columns.modalities import word_of
from zoo.errors import ArgumentError, DataError, UnknownNameError

NET = ModelCard(
    name="tiny_net",
    builder=f"{__name__}:tiny_net",
    family="tiny_net",
    modality="image",
    tasks=("image_classification",),
    summary="One dense layer, for tests.",
    paper="",
    arxiv="",
    year=2026,
    input_shape=(8, 8, 1),
    num_classes=10,
    features=(FeatureSpec("pooled", None, 3),),
    head_feature="pooled",
    arguments={"width": 3},
)
DATA = DatasetCard(
    name="half_digits",
    source="own",
    loader=f"{__name__}:half_digits",
    modality="image",
    task="image_classification",
    summary="Digits under another name.",
    licence="none stated",
    homepage="",
    num_classes=10,
)
TASK = TaskCard(
    name="own_task",
    task="zoo.tasks.image_classification:ImageClassification",
    modality="image",
    metrics=registry.task_card("image_classification").metrics,
    summary="Labels under another name.",
    arguments={"image_size": None},
)


COLUMN = ColumnCard(
    name="smell_of_tests",
    column=f"{__name__}:Smell",
    modality="smell",
    input_name="smell",
    word="smells",
)
WEIGHT = PretrainedCard(
    name="tiny_net.mine",
    model="tiny_net",
    sources=(FileSource("nowhere.safetensors"),),
    classes=("up", "down"),
    licence="MIT",
    commercial="yes",
    origin="this test",
)


@dataclasses.dataclass(frozen=True)
class Smell(Column):
    """A column for tests."""

    kind = "smell_of_tests"
    word = "smells"
    modality = "smell"

    receptors: int = 1

    def specs(self):
        return {"": Spec((self.receptors,), "float32")}

    def encode(self, value):
        return {"": value}

    def shaped(self, shape):
        return dataclasses.replace(self, receptors=shape[0])


def tiny_net(*, input_shape: tuple[int, int, int] = (8, 8, 1), width: int = 2, scale: float = 1.0):
    """Build one dense layer."""
    import keras

    image = keras.Input(input_shape, name="image")
    x = keras.layers.Dense(width, name="dense")(keras.layers.Flatten(name="flat")(image) * scale)
    return keras.Model(image, {"pooled": x}, name="backbone")


def half_digits():
    """Load the digits."""
    return dataclasses.replace(zoo.load_dataset("digits"), name="half_digits")


@pytest.fixture
def register():
    """Register cards, and take them away afterwards."""
    given = []

    def register(card):
        given.append(card)
        zoo.register(card)

    yield register
    for card in given:
        registration.unregister(card)


def test_a_registered_model_is_listed_and_described(register):
    before = registry.list_models()
    register(NET)
    assert registry.list_models() == [*before, "tiny_net"]
    assert registry.list_models("tiny_n") == ["tiny_net"]
    assert registry.list_models(max_params=10**10) == before  # nobody counted it
    info = registry.model_info("tiny_net")
    assert info["params"] is None and info["macs"] is None
    assert info["arguments"] == {
        "width": {"type": "int", "default": 3},
        "scale": {"type": "float", "default": 1.0},
    }


def test_a_registered_model_is_built_with_the_arguments_of_its_card(register):
    register(NET)
    assert zoo.build("tiny_net", num_classes=0).output_shape == (None, 3)
    assert zoo.build("tiny_net", num_classes=0, width=5).output_shape == (None, 5)
    with pytest.raises(ArgumentError, match="nearest: width"):
        zoo.build("tiny_net", widht=5)


def test_recipes_know_registered_models_data_and_tasks(register):
    for card in (NET, DATA, TASK):
        register(card)
    changes = {
        "model": {"name": "tiny_net", "arguments": {"width": 4}},
        "data.name": "half_digits",
    }
    recipe = load_recipe("image/digits-cnn").with_values(changes)
    assert recipe.model.name == "tiny_net"
    assert zoo.load_dataset(recipe.data.name).name == "half_digits"
    with pytest.raises(ArgumentError, match="tiny_net has no argument 'depth'"):
        recipe.with_values({"model.arguments": {"depth": 4}})
    model = dataclasses.replace(NET, name="other_net", tasks=("own_task",))
    register(model)
    changed = {"model": {"name": "other_net"}, "task": {"name": "own_task"}}
    assert recipe.with_values(changed).task.name == "own_task"


def test_what_is_taken_away_is_unknown_again(register):
    register(NET)
    registration.unregister(NET)
    with pytest.raises(UnknownNameError) as caught:
        registry.model_card("tiny_net")
    assert "zoo.register" in caught.value.fix
    registration.unregister(registry.model_card("mlp"))  # the catalog's own stay
    assert registry.model_card("mlp")


@pytest.mark.parametrize("name", ["resnet21", "my_net"])
def test_a_recipe_of_an_unregistered_model_says_what_to_do(name):
    with pytest.raises(UnknownNameError) as caught:
        load_recipe("image/digits-cnn", f"model.name={name}", "model.arguments={}")
    assert repr(name) in caught.value.problem
    assert "registered with zoo.register" in caught.value.fix


@pytest.mark.parametrize(
    "name, owner", [("resnet20", "kerazoo"), ("tiny_net", "test_registration.py")]
)
def test_a_name_that_is_taken_names_its_owner(register, name, owner):
    register(NET)
    with pytest.raises(ArgumentError) as caught:
        zoo.register(dataclasses.replace(NET, name=name, summary="Another."))
    assert repr(name) in caught.value.problem and owner in caught.value.problem


def test_the_same_card_may_be_registered_again(register):
    register(NET)
    zoo.register(dataclasses.replace(NET))
    assert registry.model_card("tiny_net") == NET


@pytest.mark.parametrize(
    "change, says",
    [
        ({"builder": "tiny_net"}, "not of the form"),
        ({"builder": "my net:build"}, "not of the form"),
        ({"builder": f"{__name__}:huge_net"}, "holds no huge_net so far"),
        ({"builder": "no_such_package.net:build"}, "there is no module no_such_package.net"),
        ({"builder": "no_such_module:build"}, "there is no module no_such_module"),
        ({"head_feature": "stride_4"}, "the feature 'stride_4'"),
        ({"name": "tiny.net"}, "cannot be the name"),
        ({"name": ""}, "cannot be the name"),
    ],
)
def test_a_card_that_cannot_work_is_refused(change, says):
    card = dataclasses.replace(NET, **change)
    with pytest.raises(ArgumentError, match=says):
        zoo.register(card)
    assert card.name not in registry.MODELS


def test_only_cards_are_registered():
    with pytest.raises(ArgumentError, match="not a card"):
        zoo.register(tiny_net)


def test_a_builder_without_a_backbone_is_named(register):
    register(
        dataclasses.replace(NET, features=(FeatureSpec("tokens", 1, 3),), head_feature="tokens")
    )
    with pytest.raises(ArgumentError, match="features that its card declares") as caught:
        zoo.build("tiny_net")
    assert "pooled" in caught.value.fix


def test_a_reference_into_a_broken_module_is_one_screen(register, tmp_path, monkeypatch):
    (tmp_path / "broken_models.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    register(dataclasses.replace(NET, builder="broken_models:build"))
    with pytest.raises(
        ArgumentError, match="ModuleNotFoundError: No module named 'no_such_package'"
    ):
        zoo.build("tiny_net")


# --- columns and weights


def test_a_registered_column_is_the_input_of_models_of_its_modality(register, monkeypatch):
    import keras

    def nose(*, input_shape=(4,)):
        smell = keras.Input(input_shape, name="smell")
        return keras.Model(smell, {"pooled": keras.layers.Dense(3)(smell)}, name="backbone")

    monkeypatch.setattr(sys.modules[__name__], "nose", nose, raising=False)
    card = dataclasses.replace(NET, builder=f"{__name__}:nose", arguments={}, modality="smell")
    register(dataclasses.replace(card, input_shape=(4,)))
    assert word_of("smell") is None
    with pytest.raises(ArgumentError, match="takes smell, of which nothing is known"):
        zoo.build("tiny_net", num_classes=0)
    register(COLUMN)
    assert word_of("smell") == "smells"
    assert zoo.build("tiny_net", num_classes=0, input_shape=(6,)).input_shape == (None, 6)


def test_a_column_is_imported_when_values_name_its_kind(register, tmp_path, monkeypatch):
    text = Path(__file__).read_text(encoding="utf-8")
    start = text.index("@dataclasses.dataclass")
    body = text[start : text.index("def tiny_net(")].replace("smell_of_tests", "odour_of_tests")
    head = "import dataclasses\nfrom zoo.columns.base import Column, Spec\n"
    (tmp_path / "odours.py").write_text(head + body.replace("class Smell", "class Odour"))
    monkeypatch.syspath_prepend(tmp_path)
    values = {"kind": "odour_of_tests", "receptors": 5}
    with pytest.raises(DataError, match="no column of the kind 'odour_of_tests'"):
        Column.from_dict(values)
    register(dataclasses.replace(COLUMN, name="odour_of_tests", column="odours:Odour"))
    assert "odours" not in sys.modules
    assert Column.from_dict(values).shape == (5,)


def test_registered_weights_are_built_and_loaded_by_name(register, tmp_path, monkeypatch):
    import numpy as np

    from zoo.weights import save_model_weights

    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "cache"))
    register(NET)
    model = zoo.build("tiny_net", num_classes=2, seed=3)
    save_model_weights(tmp_path / "mine.safetensors", model)
    source = FileSource(str(tmp_path / "mine.safetensors"))
    register(dataclasses.replace(WEIGHT, sources=(source,)))
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 1)).astype("uint8")
    expected = np.asarray(model(image[None]))
    assert np.array_equal(zoo.build("tiny_net.mine")(image[None]), expected)
    (found,) = zoo.load("tiny_net.mine").predict([image])
    assert found["predictions"][0]["label"] == ("up", "down")[int(expected.argmax())]
    info = registry.pretrained_info("tiny_net.mine")
    assert info["params"] is None and info["classes"] == ["up", "down"]
    assert "tiny_net.mine" in [card.name for card in zoo.list_pretrained("tiny_net")]


def test_a_weight_with_its_own_file_is_registered_like_one_that_ships(register):
    card = registry.weight_card("cnn_small.digits")
    register(dataclasses.replace(card, name="cnn_small.mine"))
    assert registry.weight_info("cnn_small.mine")["model"] == "cnn_small"
    assert "cnn_small.mine" in registry.model_info("cnn_small")["weights"]
    registration.unregister(dataclasses.replace(card, name="cnn_small.mine"))
    assert "cnn_small.mine" not in registry.weight_cards()


@pytest.mark.parametrize(
    ("card", "says"),
    [
        (WEIGHT, "of the model 'tiny_net', which is not known"),
        (dataclasses.replace(WEIGHT, name="mine"), "cannot be the name of a pretrained weight"),
        (dataclasses.replace(WEIGHT, sources=()), "has no source"),
        (dataclasses.replace(COLUMN, column="nowhere:Smell"), "there is no module nowhere"),
        (dataclasses.replace(COLUMN, column="Smell"), "not of the form"),
    ],
)
def test_a_column_or_weight_that_cannot_work_is_refused(card, says):
    with pytest.raises(ArgumentError, match=says):
        zoo.register(card)


def test_a_weight_without_its_file_is_refused():
    card = registry.weight_card("cnn_small.digits")
    with pytest.raises(ArgumentError, match="has no file"):
        zoo.register(dataclasses.replace(card, name="cnn_small.mine", file="gone.safetensors"))


# --- other processes

STAND_IN = """
from zoo import registry
from tuning.workers import worker

def find(name):
    card = registry.model_card(name)
    return [card.builder, registry.resolve(card.builder).__name__]

worker.ACTIONS = {"find": find}
worker.main()
"""
MODULE = """
import zoo
from zoo.cards import FeatureSpec, ModelCard

def build_net():
    '''Build nothing.'''

zoo.register(ModelCard(
    name="own_net", builder=f"{__name__}:build_net", family="own", modality="image",
    tasks=("image_classification",), summary="", paper="", arxiv="", year=2026,
    input_shape=(8, 8, 1), num_classes=2, features=(FeatureSpec("pooled", None, 3),),
    head_feature="pooled",
))
"""
ASK = f"""
from tuning.workers import process as executor
executor._CODE = {STAND_IN!r}
worker = executor.Executor()
try:
    print(*worker.ask("find", name="own_net", waiting=lambda: None))
except zoo.ZooError as error:
    print(error)
finally:
    worker.close()
"""


def run(*command, folder):
    result = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(zoo.__file__).parents[1])},
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_a_process_that_trains_knows_what_an_imported_module_registered(tmp_path):
    (tmp_path / "own_models.py").write_text(MODULE)
    said = run("-c", f"import own_models, zoo{ASK}", folder=tmp_path)
    assert said.split() == ["own_models:build_net", "build_net"]


def test_a_process_that_trains_knows_what_a_script_registered(tmp_path):
    guarded = "\n".join(f"    {line}" for line in ASK.splitlines())
    (tmp_path / "train.py").write_text(f'{MODULE}\nif __name__ == "__main__":{guarded}\n')
    said = run("train.py", folder=tmp_path)
    assert said.split() == ["__mp_main__:build_net", "build_net"]


def test_a_file_outside_the_path_is_imported_by_its_place(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "string.py").write_text(MODULE)  # the library has a module of that name
    load = (
        "import importlib.util as u, sys, zoo\n"
        "spec = u.spec_from_file_location('own_string', 'deep/string.py')\n"
        "module = sys.modules['own_string'] = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)"
    )
    assert run("-c", f"{load}{ASK}", folder=tmp_path).split()[1] == "build_net"


def test_a_script_without_a_guard_starts_no_processes_without_end(tmp_path):
    ask = "\n".join(f"    {line}" for line in ASK.splitlines())
    ends = """
if __name__ == "__main__":
    work()
else:
    executor.Executor().ask("find", name="own_net", waiting=lambda: None)
"""
    (tmp_path / "train.py").write_text(
        f"{MODULE}\nfrom tuning.workers import process as executor\ndef work():{ask}{ends}"
    )
    said = run("train.py", folder=tmp_path)
    assert "starts work while it is imported" in said
    assert 'if __name__ == "__main__":' in said


def test_a_module_that_fails_in_the_other_process_is_one_screen(tmp_path):
    fails = "import sys\nif 'tuning.workers.worker' in sys.modules:\n    raise OSError('no such disk')\n"
    (tmp_path / "own_models.py").write_text(fails + MODULE)
    said = run("-c", f"import own_models, zoo{ASK}", folder=tmp_path)
    assert "own_models.py, which registers cards, cannot be imported: OSError: no such disk" in said
    assert len(said.splitlines()) == 3


def test_cards_of_an_interactive_session_are_refused(tmp_path):
    said = run("-c", f"{MODULE}{ASK}", folder=tmp_path)
    assert "interactive session" in said and ".py file" in said
