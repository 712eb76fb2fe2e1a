"""The probe measures without touching anything; findings name what is wrong and how to fix it."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from recipes.diagnosis.answers import check_against, check_answers
from recipes.diagnosis.calibration import (
    BINS,
    ERROR_WARNING,
    chance_error,
    check_calibration,
)
from recipes.diagnosis.finding import Finding
from recipes.diagnosis.probe import kernels
from recipes.diagnosis.rules import Probe, findings
from zoo.errors import ArgumentError
from zoo.metrics.base import Metric

LAYERS = keras.layers


class CrossEntropy:
    """As much of a task as the probe needs."""

    def loss(self, y, y_pred):
        logits = y_pred["logits"]
        target = ops.one_hot(y["label"], logits.shape[-1])
        return {"loss": ops.mean(-ops.sum(target * ops.log_softmax(logits), axis=-1))}


@keras.saving.register_keras_serializable(package="tests")
class Trained(keras.Model):
    """A functional model that asks a task for its loss, as the zoo's does."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.task.loss(y, y_pred)["loss"]


def small_model(*, relu_bias: float = 0.0) -> keras.Model:
    """A backbone with batch norm and dropout, nested as one layer below a linear head."""
    inside = keras.Input((6, 6, 1), name="pixels")
    h = LAYERS.Conv2D(4, 3, padding="same", name="conv")(inside)
    h = LAYERS.BatchNormalization(name="norm")(h)
    h = LAYERS.ReLU(name="relu")(h)
    h = LAYERS.Dropout(0.5, seed=3, name="drop")(h)
    h = LAYERS.Flatten(name="flat")(h)
    h = LAYERS.Dense(
        8,
        activation="relu",
        bias_initializer=keras.initializers.Constant(relu_bias),
        name="hidden",
    )(h)
    backbone = keras.Model(inside, {"features": h}, name="backbone")
    image = keras.Input((6, 6, 1), name="image")
    logits = LAYERS.Dense(3, name="head_logits")(backbone(image)["features"])
    model = Trained(inputs={"image": image}, outputs={"logits": logits})
    model.task = CrossEntropy()
    model.compile(optimizer=keras.optimizers.SGD(0.05))
    return model


def batch(size: int = 16) -> tuple[dict, dict]:
    random = np.random.default_rng(0)
    return (
        {"image": random.normal(size=(size, 6, 6, 1)).astype("float32")},
        {"label": random.integers(0, 3, size).astype("int64")},
    )


def fitted(probe: Probe | None, *, epochs: int = 2, initial_epoch: int = 0, **options):
    keras.utils.set_random_seed(1)
    model = small_model(**options)
    x, y = batch()
    model.fit(
        x,
        y,
        batch_size=8,
        epochs=epochs,
        initial_epoch=initial_epoch,
        shuffle=False,
        verbose=0,
        callbacks=[probe] if probe else [],
    )
    return model


@pytest.fixture(scope="module")
def measured() -> tuple[keras.Model, Probe]:
    probe = Probe(*batch())
    return fitted(probe), probe


def test_probing_changes_no_weight_no_seed_no_statistic_and_no_optimizer_slot(measured):
    model, _ = measured
    plain = fitted(None)

    def state(model):
        return [np.array(v) for v in (*model.variables, *model.optimizer.variables)]

    for seen, expected in zip(state(model), state(plain), strict=True):
        np.testing.assert_array_equal(seen, expected)


def test_kernels_of_a_frozen_backbone_are_measured_and_do_not_move():
    class Freeze(keras.callbacks.Callback):
        def set_model(self, model):
            super().set_model(model)
            model.get_layer("backbone").trainable = False
            model.compile(optimizer=keras.optimizers.SGD(0.05))

    x, y = batch()
    model, probe = small_model(), Probe(x, y)
    everywhere = list(kernels(model))
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[Freeze(), probe])
    rows = {row["key"]: row for row in probe.records[0]["kernels"]}
    assert list(rows) == everywhere == list(kernels(model))
    assert rows["backbone/conv/kernel"]["gradient_norm"] > 0
    assert rows["backbone/conv/kernel"]["update_ratio"] == 0
    assert rows["head_logits/kernel"]["update_ratio"] > 0


def test_a_record_an_epoch_of_plain_json_in_depth_order(measured):
    _, probe = measured
    assert [record["epoch"] for record in probe.records] == [1, 2]
    assert json.loads(json.dumps(probe.records, allow_nan=False)) == probe.records
    record = probe.records[0]
    assert record["steps"] == 2
    assert [row["key"] for row in record["kernels"]] == [
        "backbone/conv/kernel",
        "backbone/hidden/kernel",
        "head_logits/kernel",
    ]
    assert [row["key"] for row in record["activations"]] == ["backbone/relu", "backbone/hidden"]


def test_gradients_are_those_of_the_loss_in_inference_mode(measured):
    """A central difference along the gradient of the head's kernel gives its norm back."""
    model, probe = measured
    x, y = batch()
    kernel = model.get_layer("head_logits").kernel
    start = np.array(kernel)

    def loss(value):
        kernel.assign(value)
        return float(model.task.loss(y, model(x, training=False))["loss"])

    slopes = np.zeros_like(start)
    for index in np.ndindex(start.shape):
        step = np.zeros_like(start)
        step[index] = 1e-2
        slopes[index] = (loss(start + step) - loss(start - step)) / 2e-2
    kernel.assign(start)
    row = probe.records[-1]["kernels"][-1]
    assert row["gradient_norm"] == pytest.approx(np.linalg.norm(slopes), rel=0.01)
    assert row["gradient_mean_abs"] == pytest.approx(np.abs(slopes).mean(), rel=0.01)
    assert row["weight_norm"] == pytest.approx(np.linalg.norm(start), rel=1e-4)


def test_the_update_ratio_is_the_net_change_over_the_epoch():
    probe = Probe(*batch())
    one, two = fitted(None, epochs=1), fitted(probe, epochs=2)
    before = {key: np.array(value) for key, value in kernels(one).items()}
    for row in probe.records[1]["kernels"]:
        now = np.array(kernels(two)[row["key"]])
        expected = np.linalg.norm(now - before[row["key"]]) / np.linalg.norm(now)
        assert row["update_ratio"] == pytest.approx(expected, rel=1e-3)


def test_units_that_never_fire_are_counted_as_dead():
    probe = Probe(*batch())
    fitted(probe, epochs=1, relu_bias=-1e6)
    shares = {row["key"]: row["dead_share"] for row in probe.records[0]["activations"]}
    assert shares["backbone/hidden"] == 1.0
    assert shares["backbone/relu"] < 0.5


def test_records_of_an_earlier_sitting_are_kept_and_epochs_are_not_doubled():
    probe = Probe(*batch())
    probe.records = [{"epoch": 1, "kept": True}, {"epoch": 2, "overtaken": True}]
    fitted(probe, epochs=2, initial_epoch=1)
    assert [record["epoch"] for record in probe.records] == [1, 2]
    assert "kept" in probe.records[0] and "overtaken" not in probe.records[1]


def test_the_layers_call_methods_are_their_own_again_after_probing(measured):
    model, _ = measured
    assert "call" not in vars(model.get_layer("backbone").get_layer("relu"))


def test_tensors_of_one_layer_that_share_a_name_get_distinct_keys():
    inputs = keras.Input((5, 4))
    outputs = LAYERS.Bidirectional(LAYERS.LSTM(2), name="both")(inputs)
    keys = list(kernels(keras.Model(inputs, outputs)))
    assert len(keys) == len(set(keys)) == 4


@pytest.mark.parametrize("size", [0, 129])
def test_a_probe_batch_must_hold_1_to_128_examples(size):
    with pytest.raises(ArgumentError, match="1 to 128"):
        Probe({"image": np.zeros((size, 2))}, {"label": np.zeros(size)})


def history(loss, val_loss=None, accuracy=None, val_accuracy=None, rate=0.1) -> list[dict]:
    columns = {
        "loss": loss,
        "val_loss": val_loss,
        "accuracy": accuracy,
        "val_accuracy": val_accuracy,
        "learning_rate": [rate] * len(loss) if np.isscalar(rate) else rate,
    }
    present = {name: values for name, values in columns.items() if values is not None}
    return [
        {"epoch": i + 1} | {name: values[i] for name, values in present.items()}
        for i in range(len(loss))
    ]


def record(epoch=1, norms=(1.0, 1.0), mean_abs=1e-3, ratio=0.05, dead=(0.0,), steps=100) -> dict:
    return {
        "epoch": epoch,
        "steps": steps,
        "kernels": [
            {
                "key": f"layer{i}/kernel",
                "gradient_norm": norm,
                "gradient_mean_abs": mean_abs,
                "weight_norm": 1.0,
                "update_ratio": ratio,
            }
            for i, norm in enumerate(norms)
        ],
        "activations": [
            {"key": f"relu{i}", "std": 1.0, "dead_share": share} for i, share in enumerate(dead)
        ],
    }


HEALTHY = history(
    [1.0, 0.7, 0.5, 0.4, 0.35, 0.3, 0.28, 0.27],
    [1.1, 0.8, 0.6, 0.5, 0.42, 0.4, 0.39, 0.39],
    [0.5, 0.7, 0.8, 0.84, 0.87, 0.88, 0.9, 0.9],
    [0.5, 0.7, 0.8, 0.84, 0.86, 0.87, 0.87, 0.87],
)
RECORDS = [record(epoch) for epoch in range(1, 9)]


def by_kind(history, records=(), metric="accuracy", mode="max") -> dict[str, Finding]:
    found = findings(history, records, metric=metric, mode=mode)
    assert len({item.kind for item in found}) == len(found)
    for item in found:
        assert item.title and item.evidence
        assert bool(item.advice) == (item.severity != "fine")
    return {item.kind: item for item in found}


def test_a_healthy_run_gives_a_fine_finding_for_each_of_the_nine_checks():
    found = by_kind(HEALTHY, RECORDS)
    assert {item.severity for item in found.values()} == {"fine"}
    assert len(found) == 9


def test_what_cannot_be_measured_is_not_judged():
    assert set(by_kind([])) == {"too_short"}
    assert set(by_kind(history([1.0]))) == {"not_finite", "too_short"}
    assert "dead_units" not in by_kind(HEALTHY)


@pytest.mark.parametrize("epochs", [0, 1, 2])
def test_a_run_of_less_than_three_epochs_is_too_short_to_judge_its_curves(epochs):
    curves = history([1.0, 0.5][:epochs], [0.1, 9.0][:epochs], [0.9, 1][:epochs], [0.1, 0][:epochs])
    found = by_kind(curves, [record(epoch + 1, ratio=9.0) for epoch in range(epochs)])
    assert not {"overfitting", "generalisation_gap", "learning_rate"} & set(found)
    assert found["too_short"].severity == "unknown"
    assert f"{epochs} epochs; at least 3" in found["too_short"].evidence


@pytest.mark.parametrize(
    ("loss", "val"),
    [
        ([1, 0.6, 0.4, 0.2], [1, 0.8, 0.6, 0.9]),  # in the last epoch alone
        ([2.3, 1.0, 0.8, 0.6, 0.5], [2.3, 0.1, 0.020, 0.029, 0.030]),  # near zero
        ([1, 0.5, 0.6, 0.8, 1.0], [1, 0.5, 0.6, 0.8, 1.0]),  # with the training loss
        ([1, 0.6, 0.4, 0.2, 0.1, 0.05], [1, 0.7, 0.6, 0.7, 0.8, 0.95]),  # overfitting
    ],
)
def test_no_title_denies_a_rise_that_its_evidence_shows(loss, val):
    found = by_kind(history(loss, val))
    (one,) = {"overfitting", "rising"} & set(found)
    assert int(found[one].evidence.partition("(+")[2].partition("%")[0]) > 10
    assert "does not turn back up" not in found[one].title


def test_the_worst_comes_first():
    found = findings(HEALTHY, [record(dead=(0.9, 0.0, 0.0))], metric="accuracy", mode="max")
    assert found[0].kind == "dead_units"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_a_loss_that_is_no_number_is_a_problem_that_names_its_epoch(value):
    found = by_kind(history([1.0, value, value], [1.0, 1.0, 1.0]), [record(norms=(None, None))])
    assert found["not_finite"].severity == "problem"
    assert "epoch 2" in found["not_finite"].evidence
    assert "optimizer.learning_rate=0.01" in found["not_finite"].advice
    assert found["exploding"].severity == "problem"


def test_a_validation_loss_that_rises_while_the_training_loss_falls_is_overfitting():
    loss, val = [1, 0.6, 0.4, 0.2, 0.1, 0.05], [1, 0.7, 0.6, 0.7, 0.8, 0.95]
    found = by_kind(history(loss, val))["overfitting"]
    assert found.severity == "warning"
    assert "0.6 at its lowest (epoch 3)" in found.evidence
    assert "regularization.preset" in found.advice
    worse = by_kind(history(loss, [1, 0.7, 0.6, 0.8, 1.0, 1.2]))["overfitting"]
    assert worse.severity == "problem"


def test_a_validation_loss_that_is_lowest_at_the_end_has_not_risen():
    found = by_kind(history([1.0, 0.6, 0.4], [1.0, 0.8, 0.5]))["overfitting"]
    assert found.severity == "fine"
    assert "0.5 at the end (+0%)" in found.evidence


def test_a_validation_loss_that_wavers_near_zero_is_not_overfitting():
    val = [2.3, 0.5, 0.1, 0.020, 0.029, 0.030, 0.031]
    loss = [2.3, 1.0, 0.8, 0.6, 0.5, 0.45, 0.4]
    assert by_kind(history(loss, val))["overfitting"].severity == "fine"


def test_a_validation_loss_that_rises_with_the_training_loss_is_not_overfitting():
    found = by_kind(history([1, 0.5, 0.6, 0.8, 1.0], [1, 0.5, 0.6, 0.8, 1.0]))
    assert "overfitting" not in found
    assert found["rising"].severity == "warning"
    assert "optimizer.learning_rate" in found["rising"].advice


@pytest.mark.parametrize(("val", "severity"), [(0.97, "fine"), (0.9, "warning"), (0.7, "problem")])
def test_the_generalisation_gap_is_graded(val, severity):
    curves = history([1, 0.1, 0.1, 0.1], [1, 0.4, 0.4, 0.4], [0.5, 1, 1, 1], [0.5, val, val, val])
    assert by_kind(curves)["generalisation_gap"].severity == severity


def test_the_gap_of_a_metric_that_should_be_small_has_the_other_sign():
    curves = [
        {"epoch": i, "loss": 0.1, "val_loss": 0.4, "wer": 0.02, "val_wer": 0.3} for i in (1, 2, 3)
    ]
    found = by_kind(curves, metric="wer", mode="min")
    assert found["generalisation_gap"].severity == "problem"


def test_a_training_loss_that_never_falls_is_a_problem():
    assert by_kind(history([2.3, 2.31, 2.3]))["not_learning"].severity == "problem"
    assert by_kind(history([2.3, 2.31, 2.2]))["not_learning"].severity == "fine"


def test_vanishing_gradients_are_found_by_size_and_by_ratio():
    assert by_kind(HEALTHY, [record(mean_abs=1e-8)])["vanishing"].severity == "problem"
    assert by_kind(HEALTHY, [record(norms=(1e-5, 1.0))])["vanishing"].severity == "warning"
    assert by_kind(HEALTHY, [record(norms=(1e5, 1.0))])["vanishing"].severity == "warning"


def test_small_gradients_of_a_model_that_has_learnt_all_are_no_problem():
    curves = history([1.0, 0.5, 1e-4])
    records = [record(1), record(2), record(3, mean_abs=1e-9)]
    assert by_kind(curves, records)["vanishing"].severity == "fine"


def test_exploding_gradients_are_found_by_size_and_by_growth():
    assert by_kind(HEALTHY, [record(norms=(2e3, 1.0))])["exploding"].severity == "problem"
    grown = [record(1), record(2), record(3, norms=(300.0, 1.0))]
    assert by_kind(HEALTHY, grown)["exploding"].severity == "problem"
    early = [record(1, norms=(2e3, 1.0)), record(2), record(3)]
    assert by_kind(HEALTHY, early)["exploding"].severity == "fine"


def test_dead_units_are_graded_by_how_many_layers_have_them():
    one = by_kind(HEALTHY, [record(dead=(0.6, 0.1, 0.0))])["dead_units"]
    assert one.severity == "warning" and "relu0: 60%" in one.evidence
    assert by_kind(HEALTHY, [record(dead=(0.6, 0.9))])["dead_units"].severity == "problem"


@pytest.mark.parametrize(
    ("ratio", "steps", "severity", "advice"),
    [(1.5, 1000, "warning", "=0.03"), (0.5, 10, "warning", "=0.03"), (1e-5, 100, "warning", "=1")],
)
def test_steps_of_the_wrong_size_are_named_with_the_next_rate_to_try(
    ratio, steps, severity, advice
):
    records = [record(epoch, ratio=ratio, steps=steps) for epoch in (1, 2, 3)]
    found = by_kind(HEALTHY, records)["learning_rate"]
    assert found.severity == severity
    assert found.advice.endswith(advice)


def test_tiny_steps_at_the_end_of_a_schedule_are_meant():
    curves = history([1.0, 0.5, 0.4, 0.39], rate=[0.1, 0.05, 0.001, 0.0])
    records = [record(1), record(2), record(3, ratio=1e-6), record(4, ratio=1e-7)]
    assert by_kind(curves, records)["learning_rate"].severity == "fine"


def test_a_training_loss_that_jumps_about_speaks_of_a_high_learning_rate():
    found = by_kind(history([1.0, 1.3, 0.9, 1.4, 0.8, 1.2]))["learning_rate"]
    assert found.severity == "warning"
    assert "jumped up in 3 of 5" in found.evidence


@pytest.mark.parametrize(("ratio", "steps"), [(1.5, 1000), (0.5, 10), (1.5, 20)])
def test_large_steps_without_a_jump_are_not_said_to_jump(ratio, steps):
    curves = history([1.0, 0.8, 0.6, 0.5, 0.4])
    records = [record(epoch, ratio=ratio, steps=steps) for epoch in range(1, 6)]
    found = by_kind(curves, records)["learning_rate"]
    assert found.title == "The learning rate may be too high: the weights change a lot."
    assert found.evidence.startswith(f"kernels changed by {ratio:g} of their norm per epoch")
    assert "is much" in found.evidence
    assert found.evidence.endswith("the training loss did not jump")


OVERFITTED = history(
    [1.0, 0.6, 0.4, 0.2, 0.1], [1.0, 0.7, 0.9, 1.2, 1.5], [0.5, 1, 1, 1, 1], [0.5] * 5
)
JUMPY = history([1.0, 1.3, 0.9, 1.4, 0.8, 1.2])


@pytest.mark.parametrize(
    "curves", [OVERFITTED, JUMPY, HEALTHY[:1], HEALTHY[:2], history([1, 1, 1])]
)
def test_a_run_of_few_updates_is_told_to_train_longer_and_nothing_else(curves):
    found = by_kind(curves, [record(i + 1, steps=4, ratio=2.0) for i in range(len(curves))])
    assert set(found) == {"not_finite", "exploding", "too_short", "vanishing", "dead_units"}
    few = found["too_short"]
    assert few.severity == "warning"
    assert few.title == f"The model had only {4 * len(curves)} updates: train longer."
    assert "training.epochs=125" in few.advice
    advice = " ".join(item.advice for item in found.values())
    assert "regularization" not in advice and "learning_rate" not in advice


def test_from_fifty_updates_on_curves_are_judged():
    assert "overfitting" in by_kind(OVERFITTED, [record(steps=10)])
    assert "overfitting" not in by_kind(OVERFITTED, [record(steps=9)])
    assert "overfitting" in by_kind(OVERFITTED, [record(steps=None)])


def test_a_loss_that_wavers_near_zero_does_not_jump():
    found = by_kind(history([1.0, 0.01, 0.02, 0.01, 0.02, 0.01, 0.02]))["learning_rate"]
    assert found.severity == "fine"


def test_a_run_that_ends_while_it_gains_is_unfinished_unless_the_rate_was_annealed():
    loss, score = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5], [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    found = by_kind(history(loss, val_accuracy=score))["unfinished"]
    assert found.severity == "warning"
    assert "training.epochs=12" in found.advice
    annealed = history(loss, val_accuracy=score, rate=[0.1, 0.09, 0.06, 0.03, 0.02, 0.0])
    assert by_kind(annealed)["unfinished"].severity == "fine"


def answers(confidence, accuracy, count=2000):
    """Answers of two classes, all with one confidence, of which a share is right."""
    probabilities = np.tile([confidence, 1 - confidence], (count, 1))
    return probabilities, (np.arange(count) >= accuracy * count).astype(int)


@pytest.mark.parametrize(
    ("confidence", "accuracy", "severity"),
    [
        (0.95, 0.93, "fine"),
        (0.95, 0.80, "warning"),
        (0.99, 0.66, "problem"),
        (0.6, 0.93, "problem"),
    ],
)
def test_a_large_calibration_error_is_named_with_its_fix(confidence, accuracy, severity):
    error = abs(confidence - accuracy)
    item = check_calibration(error, *answers(confidence, accuracy))
    assert item.severity == severity
    if severity == "fine":
        assert not item.advice
        return
    assert "temperature" in item.advice and "label_smoothing" in item.advice
    assert ("too sure" in item.title) == (confidence > accuracy)
    assert ("early_stopping" in item.advice) == (confidence > accuracy)
    found = findings(HEALTHY, RECORDS, metric="accuracy", mode="max", answers=[item])
    assert found[0] is item


def test_an_error_that_few_examples_show_by_chance_is_not_judged():
    """Half of 14 answers given with 50 % confidence may well be 10: an error of 21 %."""
    found = check_calibration(0.21, *answers(0.5, 0.71, count=14))
    assert found.severity == "unknown"
    assert "too few test examples" in found.title and "240 or more" in found.advice
    assert chance_error(240) == pytest.approx(ERROR_WARNING)
    assert chance_error(14) > 0.3 and chance_error(10_000) < 0.02


@pytest.mark.parametrize("count", [5, 40, 240, 5000])
@pytest.mark.parametrize("error", [0.02, 0.09, 0.12, 0.18, 0.4])
def test_no_large_error_stands_beside_a_confidence_that_is_right(error, count):
    found = check_calibration(error, *answers(0.8, 0.8 - error, count=count))
    assert (found.severity == "fine") == (error <= ERROR_WARNING)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_one_class_for_everything_is_named_as_that(share):
    probabilities, labels = answers(0.8, share, count=40)
    (found,) = check_answers(abs(0.8 - share), probabilities, labels, ("cat", "dog"))
    assert (found.kind, found.severity) == ("one_class", "problem")
    assert found.title == "The model gives one class for everything: cat."
    assert f"all 40 test examples, of which {share:.1%} are cat" in found.evidence
    assert "Train longer" in found.advice


def test_answers_of_several_classes_or_to_one_class_are_judged_by_their_confidence():
    probabilities, labels = answers(0.8, 0.8, count=400)
    two_classes = np.where(np.arange(400)[:, None] == 7, [0.2, 0.8], probabilities)
    few = answers(0.8, 0.8, count=9)
    for given in ((two_classes, labels), (probabilities, np.zeros(400, int)), few):
        assert [item.kind for item in check_answers(0.05, *given, "ab")] == ["calibration"]
    assert check_answers(float("nan"), np.zeros((0, 0)), np.zeros(0), ()) == []


def test_the_error_of_a_calibrated_model_stays_below_what_is_named():
    random, over = np.random.default_rng(0), 0
    for _ in range(200):
        confidence = random.uniform(0.5, 1, 100)
        right = random.random(100) < confidence
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        error = sum(abs((right - confidence)[bins == b].sum()) for b in range(BINS)) / 100
        over += error > max(ERROR_WARNING, chance_error(100))
    assert over <= 10


def test_calibration_is_not_judged_without_classes_or_finite_numbers():
    assert check_calibration(float("nan"), np.zeros((0, 0)), np.zeros(0)) is None
    assert check_calibration(0.5, np.full((4, 2), np.nan), np.zeros(4)) is None


@pytest.mark.parametrize(
    ("name", "found", "simple", "poor"),
    [
        ("accuracy", 0.33, 0.33, True),
        ("accuracy", 0.5, 0.33, False),
        ("accuracy", 1.0, 1.0, False),  # the test examples are all of one class
        ("mae", 2.0, 1.5, True),
    ],
)
def test_a_model_no_better_than_a_constant_answer_is_a_problem(name, found, simple, poor):
    metric = {"accuracy": Metric("accuracy"), "mae": Metric("mae", mode="min", unit="")}[name]
    model = {"name": "majority class", "metrics": {name: {"value": simple}}}
    finding = check_against(model, {"value": found}, metric)
    assert bool(finding) == poor
    assert not poor or (finding.severity == "problem" and "majority class" in finding.title)
