"""Models of several inputs: trained with some absent, measured by input, and beside each alone."""

import itertools
import json
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

import recipes.training.callbacks
import zoo
from recipes.modalities.alone import MOST_INPUTS, has_several, recipe_of
from recipes.modalities.answers import ABSENT, SHUFFLED, additive_answers, right_by_subset
from recipes.modalities.measure import reliance
from recipes.report.modalities import shares, verdict
from recipes.training.history import WALL_TIMES
from recipes.training.setup import prepare
from recipes.training.train import fit, train
from recipes.values.schema import Recipe
from zoo.cards import DatasetCard
from zoo.columns import Label, Text
from zoo.columns.assets import Assets
from zoo.columns.vector import Vector
from zoo.data.dataset import Dataset, Split
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.quantities import human
from zoo.tasks.multimodal_classification import MultimodalClassification

CLASSES, SIZE = 3, 90


def made(*, absent: bool = True) -> Dataset:
    """Two vectors and a text that tell the class; each is absent in some examples."""
    splits = {}
    for place, (name, count) in enumerate({"train": SIZE, "validation": 30, "test": 60}.items()):
        generator = np.random.default_rng(place)
        label = np.arange(count) % CLASSES
        columns = {
            "first": list(np.eye(CLASSES)[label] + 0.1 * generator.normal(size=(count, CLASSES))),
            "second": list(np.eye(CLASSES)[label] + 0.1 * generator.normal(size=(count, CLASSES))),
            "said": [("red", "green", "blue")[k] for k in label],
        }
        for place, values in enumerate(columns.values()) if absent else ():
            for i in range(place, count, 7):
                values[i] = None
        splits[name] = Split({**columns, "label": label})
    features = {name: Vector((CLASSES,), optional=absent) for name in ("first", "second")}
    features |= {"said": Text(optional=absent), "label": Label()}
    return Dataset("three_inputs", splits, features, ("r", "g", "b"), "CC0", "made")


@pytest.fixture(scope="module", autouse=True)
def registered():
    card = DatasetCard(
        name="three_inputs",
        source="made",
        loader=f"{__name__}:made",
        modality="multimodal",
        task="multimodal_classification",
        summary="Three inputs.",
        licence="CC0",
        homepage="",
        num_classes=CLASSES,
        arguments={"absent": True},
    )
    zoo.register(card)
    yield
    zoo.registry.SHELVES[DatasetCard].pop("three_inputs", None)


def recipe(**changes):
    values = {
        "name": "three-inputs",
        "summary": "Three inputs.",
        "task": {"name": "multimodal_classification", "arguments": {"max_tokens": 4}},
        "data": {"name": "three_inputs"},
        "model": {
            "name": "late_fusion",
            "arguments": {
                "encoders": {
                    "first": {"name": "vector_mlp", "arguments": {"hidden_dims": [8]}},
                    "said": {
                        "name": "textcnn",
                        "arguments": {"num_filters": 4, "embedding_dim": 4},
                    },
                }
            },
        },
        "optimizer": {"name": "adamw", "learning_rate": 0.03},
        "training": {"epochs": 3, "batch_size": 30, "select": "last"},
    }
    return Recipe.parse(values, source="test").with_values(changes)


@pytest.fixture(scope="module")
def run(tmp_path_factory, registered):
    """A whole run: the model of all inputs, and one of each alone."""
    folder = tmp_path_factory.mktemp("run") / "run"
    return train(recipe(), run_dir=folder, progress=False)


def test_multiply_adds_are_those_of_all_encoders_and_heads(run):
    """Counted by hand: dense layers, convolutions over 4 tokens with zeros on both sides, heads."""
    vectors = CLASSES * 8 + CLASSES * 64 + 64 * 64
    text = sum((4 + width - 1) * width * 4 * 4 for width in (3, 4, 5))
    heads = 2 * (8 + 64 + 3 * 4) * CLASSES  # of all together, and of each
    assert (
        f"| Multiply-adds | {human(vectors + text + heads)} |"
        in (run.path / "README.md").read_text()
    )


def test_inputs_that_are_absent_in_training_and_in_use_are_no_crash(run):
    example = run.dataset().splits["test"][10]
    whole = {name: example[name] for name in ("first", "second", "said")}
    for count in (1, 2, 3):
        for names in itertools.combinations(whole, count):
            (told,) = run.predict([{name: whole[name] for name in names}])
            found = [one["probability"] for one in told["predictions"]]
            assert sum(found) == pytest.approx(1, abs=1e-4)
    with pytest.raises(DataError, match="none of first, second, said"):
        run.predict([{}])


def test_leaving_an_input_out_is_its_absence_in_training(run):
    x, _ = Encoded(run.dataset().splits["test"], run.task, run.assets).batch(np.arange(20))
    gone = x | {"second": np.full_like(x["second"], 9.0), "second.present": np.zeros(20, "float32")}
    absent = x | {"second": np.zeros_like(x["second"]), "second.present": np.zeros(20, "float32")}
    found = [np.asarray(run.model.predict_on_batch(one)["logits"]) for one in (gone, absent)]
    assert np.array_equal(*found)


def test_an_example_is_explained_by_the_gain_of_its_inputs_over_all_orders(run):
    example = run.dataset().splits["test"][10]
    whole = {name: example[name] for name in ("first", "second", "said")}
    (found,) = zoo.explain(run, [whole])

    def logit(names):
        given = {name: whole[name] if name in names else None for name in whole}
        x, _ = run.task.encode(given, run.assets, None)
        answer = run.model.predict_on_batch({name: value[None] for name, value in x.items()})
        return float(answer["logits"][0, run.assets.classes.index(found.label)])

    gains = dict.fromkeys(whole, 0.0)
    for order in itertools.permutations(whole):
        for place, name in enumerate(order):
            gains[name] += (logit(order[: place + 1]) - logit(order[:place])) / 6
    assert dict(zip(found.tokens, found.attribution, strict=True)) == pytest.approx(gains, abs=1e-5)
    assert found.attribution.sum() == pytest.approx(found.score - found.baseline_score, abs=1e-5)
    (less,) = zoo.explain(run, [{"first": whole["first"], "said": whole["said"]}], label="g")
    assert less.label == "g" and less.attribution[1] == 0


def test_other_methods_need_a_model_of_one_input(run):
    example = run.dataset().splits["test"][10]
    whole = {name: example[name] for name in ("first", "second", "said")}
    with pytest.raises(ArgumentError, match="Shapley values of the inputs"):
        zoo.explain(run, [whole], method="grad_cam")
    with pytest.raises(UnknownNameError, match="class"):
        zoo.explain(run, [whole], label="x")
    with pytest.raises(ArgumentError, match="absent"):
        zoo.explain(run, [whole], baseline="zeros")


def test_the_run_tells_what_each_input_is_worth(run):
    found = run.metrics["modalities"]
    shares = [one["share"]["value"] for one in found["inputs"].values()]
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert len(found["subsets"]) == 7
    assert set(found["alone"]) == {"first", "second", "said"}
    assert found["by"] == ABSENT  # some were absent in training
    assert (run.path / "alone" / "second" / "weights.safetensors").exists()
    assert "Share of the model" in (run.path / "report.html").read_text()


def test_history_has_the_accuracy_of_each_input_s_own_head(run):
    header = (run.path / "history.csv").read_text().splitlines()[0].split(",")
    names = [
        f"{name}_{what}" for name in ("first", "second", "said") for what in ("accuracy", "loss")
    ]
    assert {*names, *(f"val_{name}" for name in names)} <= set(header)


def test_a_finished_run_is_resumed_with_those_of_its_inputs(run, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("weights.safetensors")}
    again = train(recipe(), run_dir=run.path, resume=True, progress=False)
    assert again.metrics == run.metrics
    assert before == {p: p.stat().st_mtime_ns for p in run.path.rglob("weights.safetensors")}


STRONG = {"preset": "strong", "modality_dropout_rate": 0.3, "gradient_modulation_alpha": 0.5}
BLENDED = {"preset": "none", "unimodal_warmup_epochs": 1, "gradient_blending_epochs": 1}


@pytest.mark.parametrize(
    ("regularization", "place", "kept"),
    [
        (STRONG, (0, 2), "first_gradient"),
        (STRONG, (1, 1), "first_gradient"),
        (BLENDED, (2, 1), "logits_gradient"),
    ],
)
def test_a_run_that_was_stopped_goes_on_exactly(tmp_path, monkeypatch, regularization, place, kept):
    """Inputs are taken away at random, and what weights gradients is kept from step to step."""
    values = {"regularization": regularization, "training.epochs": 3, "training.batch_size": 20}
    whole, history = fitted(recipe(**values), tmp_path / "whole")
    monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", 0)
    with monkeypatch.context() as patch:
        save = recipes.training.callbacks.save_checkpoint
        patch.setattr(recipes.training.callbacks, "save_checkpoint", stop_at(place, save))
        with pytest.raises(Crash):
            fitted(recipe(**values), tmp_path / "run", minutes=1e-9)
    resumed, again = fitted(recipe(**values), tmp_path / "run", resume=True)
    assert again == history
    names = {variable.path for variable in whole.non_trainable_variables}
    assert any(name.endswith(f"{kept}/coefficient") for name in names)
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        assert np.array_equal(one, other), one.path


def fitted(values, folder, *, resume=False, minutes=10.0):
    setup = prepare(values)
    how = {"resume": resume, "progress": False, "checkpoint_minutes": minutes}
    recorder, _, _ = fit(setup, folder, **how)
    history = [{k: v for k, v in e.items() if k not in WALL_TIMES} for e in recorder.history]
    return setup.model, history


class Crash(Exception):
    """Stands for any sudden end."""


def stop_at(place, save):
    """Let a process end right after the checkpoint at so many epochs and steps of the next."""

    def save_and_crash(path, model, state, **midway):
        save(path, model, state, **midway)
        if (state["epoch"], state.get("step", 0)) == place:
            raise Crash

    return save_and_crash


def test_the_recipe_of_one_input_keeps_all_else():
    alone = recipe_of(recipe(), "said")
    assert alone.task.arguments == {"max_tokens": 4, "inputs": ["said"]}
    assert list(alone.model.arguments["encoders"]) == ["said"]
    assert alone.training == recipe().training


def test_inputs_that_the_data_lacks_are_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="second"):
        train(recipe(**{"task.arguments": {"inputs": ["secnd"]}}), run_dir=tmp_path / "run")


def test_an_example_without_any_input_is_named():
    split = Split({"first": [np.ones(3), None], "second": [None, None], "label": np.array([0, 1])})
    task = MultimodalClassification()
    features = {"first": Vector((3,)), "second": Vector((3,)), "label": Label()}
    with pytest.raises(DataError, match="No example of train has second"):
        task.fit(split, features=features, classes=("a", "b"))
    assets = MultimodalClassification(inputs=["first"]).fit(
        split, features=features, classes=("a", "b")
    )
    with pytest.raises(DataError, match="Example #1 has none"):
        task.units(split, assets, training=True)
    grouped = Split({**split.columns, "group": ["one", "two"]})  # which no example lacks
    with pytest.raises(DataError, match="Example #1 has none"):
        task.units(grouped, assets, training=True)


def test_an_input_that_is_trained_alone_may_be_absent_where_others_are_not():
    split = Split(
        {"first": [np.ones(3), None], "second": [None, np.ones(3)], "label": np.array([0, 1])}
    )
    features = {"first": Vector((3,)), "second": Vector((3,)), "label": Label()}
    task = MultimodalClassification(inputs=["first"])
    assets = task.fit(split, features=features, classes=("a", "b"))
    assert len(task.units(split, assets, training=True)) == 2


def test_many_inputs_are_trained_without_measuring_each():
    columns = {f"number_{i}": Vector((3,), optional=True) for i in range(MOST_INPUTS + 1)}
    label = {"label": Label(("a", "b"))}
    assert not has_several(Assets(columns, label))
    assert has_several(Assets(dict(list(columns.items())[:-1]), label))


# --- what is measured, with functions in place of networks


@pytest.fixture(scope="module")
def encoded():
    dataset = made(absent=False)
    task = MultimodalClassification(max_tokens=4)
    features = {k: v for k, v in dataset.features.items() if k != "said"}
    assets = task.fit(dataset.splits["train"], features=features, classes=dataset.classes)
    return Encoded(dataset.splits["test"], task, assets)


def of_first(x):
    """Logits that look at the first input, if it is there."""
    return 5 * x["first"] * x["first.present"][:, None]


def of_both(x):
    return of_first(x) + 5 * x["second"] * x["second.present"][:, None]


def test_subsets_take_inputs_away_or_shuffle_them(encoded):
    right, gaps = right_by_subset(of_first, encoded, how=ABSENT)
    absent = right.mean(axis=1)
    assert absent == pytest.approx([1 / 3, 1, 1 / 3, 1])  # without it class 0, a third of all
    assert gaps[[0, 2]] == pytest.approx([0, 0], abs=1e-6)  # and a third is what it is sure of
    shuffled = right_by_subset(of_first, encoded, how=SHUFFLED, repeats=20)[0].mean(axis=1)
    assert shuffled[[1, 3]] == pytest.approx([1, 1])
    assert shuffled[[0, 2]] == pytest.approx([1 / 3, 1 / 3], abs=0.05)


def test_emap_is_its_definition_by_brute_force(encoded):
    def logits(x):
        return of_both(x) * (1 + x["first"][:, :1] * x["second"][:, 1:2])

    places = np.arange(0, 60, 4)
    own, found, labels = additive_answers(logits, encoded, places)
    x, y = encoded.batch(places)
    count = len(places)
    pairs = np.zeros((count, count, CLASSES))
    for i, j in itertools.product(range(count), range(count)):
        one = {k: v[[i if k.startswith("first") else j]] for k, v in x.items()}
        pairs[i, j] = logits(one)[0]
    expected = pairs.mean(axis=1) + pairs.mean(axis=0) - pairs.mean(axis=(0, 1))
    assert found == pytest.approx(expected, abs=1e-9)
    assert own == pytest.approx(pairs[np.arange(count), np.arange(count)])
    assert (labels == y["label"]).all()


def test_answers_that_add_up_have_no_interaction_with_few_draws(encoded):
    own, found, _ = additive_answers(of_both, encoded, np.arange(30), draws=3)
    assert found - found.mean(axis=0) == pytest.approx(own - own.mean(axis=0), abs=1e-5)


def measured(encoded, logits, alone):
    model = SimpleNamespace(predict_on_batch=lambda x: {"logits": logits(x)})
    how = {"prior": 1 / 3, "learned_absence": False}
    return reliance(model, encoded.assets, encoded, alone=alone, **how)


def test_an_input_that_the_model_does_not_use_is_neglected_and_the_report_says_so(encoded):
    x, _y = encoded.batch(np.arange(60))
    blurred = {name: x[name].copy() for name in ("first", "second")}
    for place, values in enumerate(blurred.values()):
        values[place::4] = np.random.default_rng(place).random((15, CLASSES))  # each tells at times
    alone = {name: np.exp(5 * values) for name, values in blurred.items()}
    alone = {name: values / values.sum(axis=1, keepdims=True) for name, values in alone.items()}
    places = {x["first"][i].tobytes(): i for i in range(60)}

    def first(given):
        there = [places.get(row.tobytes(), 0) for row in given["first"]]
        return 5 * blurred["first"][there] * given["first.present"][:, None]

    def both(given):
        there = {row.tobytes(): i for i, row in enumerate(x["second"])}
        second = [there.get(row.tobytes(), 0) for row in given["second"]]
        return first(given) + 5 * blurred["second"][second] * given["second.present"][:, None]

    found = measured(encoded, first, alone)
    assert found["over_averaged"]["high"] < 0
    assert found["neglected"] == ["second"]
    assert found["inputs"]["second"]["share"]["value"] == pytest.approx(0, abs=0.05)
    assert verdict(found)[0].startswith("second is neglected: the model owes")
    fair = measured(encoded, both, alone)
    assert fair["neglected"] == []
    assert verdict(fair)[0].startswith("No input is neglected")
    enough = measured(encoded, of_first, {name: np.exp(5 * x[name]) for name in alone})
    assert enough["neglected"] == []  # the other one could add nothing


def test_inputs_that_tell_nothing_have_no_shares_and_are_still_reported(encoded):
    """A share of nothing is not a number, which JSON cannot hold."""

    def nothing(x):
        return np.tile([1.0, 0.0, 0.0], (len(x["first"]), 1))

    found = measured(
        encoded, nothing, {name: nothing({"first": range(60)}) for name in ("first", "second")}
    )
    json.dumps(found, allow_nan=False)
    assert found["averaged_shares"] == {"first": None, "second": None}
    assert found["neglected"] == []
    assert "same within the interval" in " ".join(verdict(found))
    shares(Figure().subplots(), found)
