"""Learning from a teacher: the loss, what the teacher is given, and which teachers are refused."""

from dataclasses import replace
from types import SimpleNamespace as Named

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr, softmax

from recipes.runs.run import load
from recipes.training import distillation
from recipes.training.distillation import softened_divergence, teaching, with_pinned_teacher
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.load import load_recipe
from zoo.columns import Audio, Image, Label, Text
from zoo.columns.assets import Assets
from zoo.columns.readers.images import write_png
from zoo.errors import RecipeError, UnknownNameError, WeightsError
from zoo.weights import tensor_keys

TEACHER = "cnn_small.digits"
SMALL = {
    "data.max_examples": 160,
    "model.arguments": {"widths": [4, 8]},
    "training.epochs": 2,
    "training.batch_size": 32,
}


def recipe_with(**changes):
    recipe = load_recipe("image/digits-cnn").with_values(SMALL | changes)
    return with_pinned_teacher(recipe)


TAUGHT = {"distillation.teacher": TEACHER}
LOGITS = [np.random.default_rng(seed).normal(size=(6, 5)).astype("float32") * 3 for seed in (0, 1)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_divergence_is_that_of_scipy_and_pytorch(temperature):
    teacher, student = LOGITS
    found = float(softened_divergence(teacher, student, temperature=temperature))
    p, q = (softmax(logits.astype("float64") / temperature, axis=-1) for logits in LOGITS)
    assert found == pytest.approx(rel_entr(p, q).sum(axis=-1).mean(), rel=1e-5)
    torch = pytest.importorskip("torch", reason="torch is not installed (extra parity)")
    reference = torch.nn.KLDivLoss(reduction="batchmean", log_target=True)
    logs = [torch.log_softmax(torch.tensor(x) / temperature, -1) for x in (student, teacher)]
    assert found == pytest.approx(float(reference(*logs)), rel=1e-5)


def test_the_loss_is_that_of_the_paper():
    """The teacher answers the very batch, and penalties are not a part of what it shares."""
    values = {"distillation.temperature": 3.0, "distillation.weight": 0.7, "regularization.l2": 0.1}
    setup = prepare(recipe_with(**TAUGHT, **values))
    x, y = setup.train.batch(np.arange(32))
    student = {name: np.asarray(v) for name, v in setup.model(x, training=False).items()}
    found = float(setup.model.compute_loss(x, y, student, training=True))
    logits = load(TEACHER).model.predict_on_batch(x)["logits"]
    p, q = (softmax(z.astype("float64") / 3, axis=-1) for z in (logits, student["logits"]))
    plain = float(setup.task.loss(y, student)["loss"])
    penalty = sum(float(part) for part in setup.model.losses)
    assert penalty > 0
    expected = 0.3 * plain + 0.7 * 9 * rel_entr(p, q).sum(axis=-1).mean() + penalty
    assert found == pytest.approx(expected, rel=1e-5)
    untaught = float(setup.model.compute_loss(x, y, student, training=False))
    assert untaught == pytest.approx(plain + penalty, rel=1e-6)


def test_the_student_is_as_it_is_without_a_teacher():
    alone, taught = prepare(recipe_with()), prepare(recipe_with(**TAUGHT))
    ours, theirs = tensor_keys(taught.model), tensor_keys(alone.model)
    assert list(ours) == list(theirs)
    for key in ours:
        np.testing.assert_array_equal(ours[key].numpy(), theirs[key].numpy())
    assert taught.model.count_params() == alone.model.count_params()
    assert len(taught.model.variables) == len(alone.model.variables)


def test_a_student_comes_nearer_to_its_teacher_which_stays_as_it_is(monkeypatch):
    """With all of the loss from the teacher, its probabilities are what is learned."""
    teacher = load(TEACHER)
    monkeypatch.setattr(distillation, "pinned", lambda *given: teacher)
    plain = {"model.name": "mlp", "model.arguments": {"hidden_dims": [32]}}  # no moving statistics
    setup = prepare(recipe_with(**TAUGHT, **plain, **{"distillation.weight": 1.0}))
    setup.model.compile(keras.optimizers.Adam(0.01))
    x, y = setup.train.batch(np.arange(96))
    logits = teacher.model.predict_on_batch(x)["logits"]

    def apart():
        found = setup.model.predict_on_batch(x)["logits"]
        return float(softened_divergence(logits, found, temperature=4.0))

    before = apart()
    setup.model.fit(x, y, epochs=15, batch_size=32, verbose=0)
    assert apart() < before / 2
    assert not teacher.model.trainable_variables
    for key, tensor in load(TEACHER).tensors().items():
        np.testing.assert_array_equal(tensor_keys(teacher.model)[key].numpy(), tensor)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A teacher, and a student that was trained with its folder."""
    folder = tmp_path_factory.mktemp("runs")
    how = {"smoke": True, "progress": False}
    teacher = train(recipe_with(), run_dir=folder / "teacher", **how)
    values = SMALL | {"distillation.teacher": str(teacher.path)}
    return teacher, train("image/digits-cnn", run_dir=folder / "student", **how, **values)


def test_a_run_states_its_teacher_and_does_not_hold_it(runs):
    teacher, student = runs
    assert student.recipe.distillation.sha256 == teacher.sha256
    assert student.tensors().keys() == teacher.tensors().keys()  # it has the same layers
    teacher.path.rename(teacher.path.with_name("moved"))
    try:
        assert load(student.path).evaluate()["metrics"] == student.metrics["metrics"]
    finally:
        teacher.path.with_name("moved").rename(teacher.path)


# --- which teacher


def test_a_teacher_is_pinned_and_one_that_has_changed_is_refused():
    recipe = recipe_with(**TAUGHT)
    assert recipe.distillation.sha256 == load(TEACHER).sha256
    assert with_pinned_teacher(recipe) is recipe
    with pytest.raises(WeightsError, match="has changed since"):
        prepare(recipe.with_values({"distillation.sha256": "0" * 64}))


def test_the_folder_of_a_teacher_is_kept_in_full(runs, monkeypatch):
    teacher, _ = runs
    monkeypatch.chdir(teacher.path.parent)
    recipe = recipe_with(**{"distillation.teacher": "teacher"})
    assert recipe.distillation.teacher == str(teacher.path.absolute())


def test_an_unknown_teacher_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"nearest: cnn_small\.digits"):
        recipe_with(**{"distillation.teacher": "cnn_small.digit"})


def test_a_teacher_of_other_classes_is_named_on_one_screen(tmp_path):
    for name in ("cat", "dog", "1"):
        for i in range(12):
            image = np.full((8, 8, 1), 20 * i, "uint8")
            write_png(tmp_path / "pets" / name / f"{i}.png", image)
    recipe = recipe_with(**TAUGHT, **{"data.name": str(tmp_path / "pets")})
    with pytest.raises(RecipeError, match=r"knows 10 classes, and .*pets has 3") as raised:
        prepare(recipe)
    raised.match("only the teacher has 0, 2, 3, …; only the data has cat, dog")
    assert str(raised.value).count("\n") <= 3


def test_a_student_without_classes_has_no_teacher():
    recipe = load_recipe("text/pydoc-gpt", "data.max_examples=8", "distillation.teacher=" + TEACHER)
    with pytest.raises(RecipeError, match="language_modeling does not predict one of"):
        prepare(with_pinned_teacher(recipe))


def teacher_of(x, classes=("a", "b"), answer=None):
    """Stand for a run with these inputs; its model answers with what `answer` makes of them."""
    assets = Assets(x=x, y={"label": Label(classes)})

    class Model:
        trainable = True

        def __call__(self, given, training):
            assert training is False
            return {"logits": answer(given)}

    recipe = Named(task=Named(name="image_classification"))
    return Named(name="teacher", assets=assets, recipe=recipe, model=Model())


def taught_by(teacher, x, monkeypatch, classes=("a", "b")):
    monkeypatch.setattr(distillation, "pinned", lambda *given: teacher)
    return teaching(recipe_with(**TAUGHT), Assets(x=x, y={"label": Label(classes)}))


def test_classes_in_another_order_are_put_into_the_student_s(monkeypatch):
    x = {"image": Image((2, 2, 1))}
    teacher = teacher_of(x, ("b", "c", "a"), lambda given: LOGITS[0][:, :3])
    taught = taught_by(teacher, x, monkeypatch, ("a", "b", "c"))
    student = LOGITS[1][:, :3]
    found = float(taught(0.0, {"image": np.zeros((6, 2, 2, 1))}, {"logits": student}))
    p = softmax(LOGITS[0][:, [2, 0, 1]] / 4.0, axis=-1)
    expected = (p * (np.log(p) - log_softmax(student / 4.0, axis=-1))).sum(-1).mean()
    assert found == pytest.approx(0.5 * 16 * expected, rel=1e-4)


def test_images_of_another_size_are_resized_for_the_teacher(monkeypatch):
    shapes = []

    def answer(given):
        shapes.append(tuple(given["picture"].shape))
        return given["picture"][:, 0, 0, :1] * np.ones((1, 2), "float32")

    teacher = teacher_of({"picture": Image((4, 6, 1))}, answer=answer)
    taught = taught_by(teacher, {"image": Image((8, 12, 1))}, monkeypatch)
    x = {"image": np.full((3, 8, 12, 1), 7, "uint8")}
    assert float(taught(2.0, x, {"logits": np.zeros((3, 2), "float32")})) == pytest.approx(1.0)
    assert shapes == [(3, 4, 6, 1)]


TEXT = Text(fitting={"kind": "word", "vocabulary_size": 9}).fit(["to be or not to be"])


@pytest.mark.parametrize(
    ("theirs", "ours", "words"),
    [
        (Image((8, 8, 3)), Image((8, 8, 1)), r"images \(shape .*3.*\), and the student images"),
        (Audio(8000, samples=80), Image((8, 8, 1)), "takes other inputs than .*: sounds"),
        (Audio(8000, samples=80), Audio(16000, samples=80), "sample_rate_hz 8000"),
        (Audio(8000, samples=80), Audio(8000, samples=40), "samples 80.*samples 40"),
        (TEXT, Text(fitting={"kind": "word", "vocabulary_size": 9}).fit(["a b c"]), "texts"),
        (Audio(8000, samples=8, optional=True), Audio(8000, samples=8), "other inputs"),
    ],
)
def test_a_teacher_of_other_inputs_is_refused(monkeypatch, theirs, ours, words):
    with pytest.raises(RecipeError, match=words) as raised:
        taught_by(teacher_of({"x": theirs}), {"x": ours}, monkeypatch)
    assert len(str(raised.value)) < 500


def test_what_lies_inside_the_models_may_differ(monkeypatch):
    theirs = Audio(8000, samples=8, data_rate_hz=44100).preprocessed({"log_mel": {"bands": 40}})
    teacher = teacher_of({"audio": theirs}, answer=lambda given: given["audio"][:, :2])
    taught = taught_by(teacher, {"audio": Audio(8000, samples=8)}, monkeypatch)
    logits = np.ones((2, 2), "float32")
    found = taught(0.0, {"audio": np.ones((2, 8), "float32")}, {"logits": logits})
    assert float(found) == pytest.approx(0.0, abs=1e-6)
    text = replace(TEXT, buckets=(8, 16))
    assert taught_by(teacher_of({"ids": TEXT}), {"ids": text}, monkeypatch)
