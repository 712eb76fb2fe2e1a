"""Fine-tuning with adapters: what is trained, what is kept, and what a run needs to load."""

import shutil

import numpy as np
import pytest

from recipes.export.export import export
from recipes.runs.run import load
from recipes.training.finetune import finetune, finetuning_recipe
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import RecipeError, RunError
from zoo.weights import is_adapter, read_tensors, tensor_keys

VIT = {
    "model.name": "vit_cifar_patch4",
    "model.arguments": {"patch_size": 4, "num_layers": 2, "hidden_dim": 32, "num_heads": 2},
    "regularization.preset": "none",
}
LORA = ("model.lora_rank=2", "initialization.head=random")


@pytest.fixture(scope="module")
def parity(tmp_path_factory):
    """Digits as even and odd: 40 of each to learn from, 100 of each to test."""
    folder = tmp_path_factory.mktemp("data") / "parity"
    for part, most in (("train", 40), ("test", 100)):
        written = {"even": 0, "odd": 0}
        for example in load_dataset("digits").splits[part]:
            name = ("even", "odd")[int(example["label"]) % 2]
            if written[name] < most:
                write_png(folder / part / name / f"{written[name]}.png", example["image"])
                written[name] += 1
    return folder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source") / "run"
    return train("image/digits-cnn", run_dir=folder, smoke=True, progress=False, **VIT)


@pytest.fixture(scope="module")
def run(source, parity, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lora") / "run"
    how = {"frozen_epochs": 1, "run_dir": folder, "smoke": True, "progress": False}
    return finetune(source.path, parity, *LORA, **how)


def recipe_of(source, data, **values):
    changes = {"model.lora_rank": 2, "training.steps_per_epoch": 2, "training.epochs": 3}
    changes |= {"initialization.frozen_epochs": 1, "initialization.head": "random"}
    return finetuning_recipe(source, str(data)).with_values(changes | values)


def test_the_file_of_the_run_holds_adapters_and_head_alone(run, source):
    held, _ = read_tensors(run.weights_path)
    assert {key.rpartition(".")[2] for key in held if not key.startswith("head_")} == {
        "lora_a",
        "lora_b",
    }
    assert run.weights_path.stat().st_size < source.weights_path.stat().st_size / 2
    assert run.recipe.model.lora_rank == 2


def test_the_run_loads_predicts_and_evaluates_like_any_other(run):
    again = load(run.path)
    assert again.evaluate()["metrics"] == run.metrics["metrics"]
    images = [load_dataset("digits").splits["test"][i]["image"] for i in range(9)]
    assert again.predict(images) == run.predict(images)
    assert again.embed(images).shape == (9, 32)


def test_kernels_moved_by_a_matrix_of_the_rank_and_all_else_is_the_parent_s(run, source):
    ours, theirs = run.tensors(), source.tensors()
    assert ours.keys() == theirs.keys()
    held, _ = read_tensors(run.weights_path)
    kernels = {key.removesuffix(".lora_a") for key in held if key.endswith(".lora_a")}
    for key in theirs:
        if key.startswith("head_"):
            continue
        if key in kernels:
            moved = ours[key].reshape(ours[key].shape[0], -1) - theirs[key].reshape(
                theirs[key].shape[0], -1
            )
            assert np.linalg.matrix_rank(moved, tol=1e-5) in (1, 2), key
        else:
            np.testing.assert_array_equal(ours[key], theirs[key])
    assert len(kernels) > 4


def test_only_adapters_and_head_are_trained_after_the_head_alone(source, parity, tmp_path):
    setup = prepare(recipe_of(source, parity))
    assert any("have adapters of rank 2" in note for note in setup.dataset.notes)
    head = {v.path for v in setup.model.trainable_variables}
    assert head and all("head_" in path for path in head)
    setup.enter(1)
    trained = setup.model.trainable_variables
    assert {v.path for v in trained if not is_adapter(v)} == head
    assert sum(is_adapter(v) for v in trained) == sum(is_adapter(v) for v in setup.model.weights)


def test_layer_decay_and_gradual_release_reach_the_adapters(source, parity):
    values = {"optimizer.layer_decay": 0.5, "initialization.unfreeze_epochs": 2}
    setup = prepare(recipe_of(source, parity, **values))
    setup.enter(1)  # the last of the stem and two blocks
    some = [v for v in setup.model.trainable_variables if is_adapter(v)]
    setup.enter(3)
    every = [v for v in setup.model.trainable_variables if is_adapter(v)]
    assert 0 < len(some) < len(every)
    shares = set(setup.model.optimizer._slow.values())
    assert len(shares) > 1 and max(shares) <= 0.1


def test_a_run_with_adapters_can_be_finetuned_in_full(run, parity, tmp_path):
    shutil.copytree(parity, tmp_path / "data")
    recipe = finetuning_recipe(load(run.path), str(tmp_path / "data"))
    assert recipe.model.lora_rank == 0
    setup = prepare(recipe.with_values({"training.steps_per_epoch": 2}))
    expected = run.tensors()
    for key, variable in tensor_keys(setup.model).items():
        np.testing.assert_array_equal(variable.numpy(), expected[key])


@pytest.mark.slow
def test_adapters_on_a_run_with_adapters_need_both_parents(run, parity, tmp_path):
    shutil.copytree(parity, tmp_path / "data")
    recipe = recipe_of(load(run.path), tmp_path / "data", **{"initialization.frozen_epochs": 0})
    second = train(recipe, run_dir=tmp_path / "second", progress=False)
    assert load(tmp_path / "second").evaluate()["metrics"] == second.metrics["metrics"]


def test_an_export_holds_all_weights(run, tmp_path):
    report = export(run.path, output=tmp_path / "exported", format="saved_model")
    assert report["parity"]["equal"] == report["parity"]["of"] > 0


@pytest.fixture
def without_source(source, tmp_path):
    """Let the source's folder be elsewhere for a test."""
    source.path.rename(tmp_path / "moved")
    yield source.path
    shutil.rmtree(source.path, ignore_errors=True)
    (tmp_path / "moved").rename(source.path)


def test_a_parent_that_is_gone_or_changed_is_named(run, without_source):
    with pytest.raises(RunError, match=r"holds adapters .LoRA. for .*, which cannot be") as raised:
        _ = load(run.path).model
    assert str(raised.value).count("\n") <= 3
    shutil.copytree(run.path, without_source)
    with pytest.raises(RunError, match="has changed since"):
        _ = load(run.path).model


def test_a_text_model_gets_adapters_in_its_embedding(tmp_path):
    table = tmp_path / "texts.csv"
    words = ("parse a file", "open the socket", "sort the list", "join two paths")
    rows = [f"{words[i % 4]} number {i},{('a', 'b')[i % 2]}" for i in range(60)]
    table.write_text("\n".join(["text,label", *rows]))
    recipe = finetuning_recipe(load("textcnn.docstrings"), str(table)).with_values(
        {"model.lora_rank": 1, "training.steps_per_epoch": 2, "initialization.frozen_epochs": 0}
    )
    setup = prepare(recipe)
    names = {v.name for v in setup.model.trainable_variables if is_adapter(v)}
    assert names == {"lora_embeddings_a", "lora_embeddings_b"}


def test_a_language_model_is_adapted_without_a_head(tmp_path):
    (tmp_path / "poems").mkdir()
    for i in range(12):
        (tmp_path / "poems" / f"{i}.txt").write_text("def double(x):\n    return x + x\n" * 9)
    recipe = finetuning_recipe(load("gpt_nano.pydoc"), str(tmp_path / "poems"))
    changes = {"model.lora_rank": 2, "training.epochs": 1, "training.steps_per_epoch": 2}
    setup = prepare(recipe.with_values(changes | {"training.batch_size": 2}))
    assert all(is_adapter(v) for v in setup.model.trainable_variables)
    assert len(setup.model.trainable_variables) > 8


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"initialization": None}, "adds adapters to trained weights; .* starts from random ones"),
        ({"initialization.frozen_epochs": 3}, "would train nothing"),
        ({"model.lora_rank": -1}, "greater than or equal to 0"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(source, parity, values, words):
    with pytest.raises(RecipeError, match=words):
        recipe_of(source, parity, **values)


def test_a_model_without_matrices_is_refused(parity):
    recipe = finetuning_recipe(load("cnn_small.digits"), str(parity))
    recipe = recipe.with_values({"model.lora_rank": 2})
    with pytest.raises(RecipeError, match="the backbone of cnn_small has neither dense") as raised:
        prepare(recipe)
    assert str(raised.value).count("\n") <= 3
    with pytest.raises(RecipeError, match=r"zoo finetune NAME --data DATA model.lora_rank=4"):
        load_recipe("image/digits-cnn", "model.lora_rank=4")
