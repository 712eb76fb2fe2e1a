"""Methods of explanation against their definitions, and on the classifiers that ship."""

import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from recipes.explanations.explain import explained
from recipes.explanations.gradient_times_input import gradient_times_input
from recipes.explanations.integrated_gradients import complete_gradients, integrated_gradients
from recipes.explanations.kernel_shap import kernel_shap
from recipes.explanations.layers import replaced
from recipes.explanations.methods import METHODS
from recipes.explanations.occlusion import occlusion
from recipes.explanations.rise import rise
from recipes.explanations.smooth_grad import smooth_grad
from recipes.explanations.subject import windows
from recipes.runs.run import load_run
from zoo.errors import ArgumentError, UnknownNameError

RNG = np.random.default_rng(0)


def of_keras(model):
    """Return the first output of a Keras model with its gradients, as methods take them."""

    def gradients(points):
        points = tf.convert_to_tensor(points)
        with tf.GradientTape() as tape:
            tape.watch(points)
            scores = model(points)[:, 0]
        return scores.numpy(), tape.gradient(scores, points).numpy()

    return gradients


def network(*, use_bias, activation="relu"):
    keras.utils.set_random_seed(1)
    hidden = keras.layers.Dense(16, activation=activation, use_bias=use_bias)
    return keras.Sequential([keras.Input((6,)), hidden, keras.layers.Dense(1, use_bias=use_bias)])


def test_gradient_times_input_sums_to_the_output_without_biases():
    model, point = network(use_bias=False), RNG.normal(size=6).astype("float32")
    found = gradient_times_input(of_keras(model), point)
    np.testing.assert_allclose(found.sum(), float(model(point[None])[0, 0]), rtol=1e-5)


def test_smooth_grad_without_noise_is_the_gradient():
    model, point = network(use_bias=True), RNG.normal(size=6).astype("float32")
    found = smooth_grad(of_keras(model), point, noise=0.0, samples=3)
    np.testing.assert_allclose(found, of_keras(model)(point[None])[1][0], rtol=1e-5)


@pytest.mark.parametrize("power", [1, 4])
def test_integrated_gradients_of_a_cubic_are_those_of_the_integral(power):
    def cubic(points):
        return (points**3).sum(axis=1) + points[:, 0] * points[:, 1], np.stack(
            [3 * points[:, 0] ** 2 + points[:, 1], 3 * points[:, 1] ** 2 + points[:, 0]], axis=1
        )

    point, baseline = np.array([2.0, -1.0]), np.array([0.5, 1.0])
    found, error = integrated_gradients(cubic, point, baseline, steps=1000, power=power)
    # By hand: the cubes alone change by x³ - x'³; of the product each has (x - x') times the mean of
    # the other's ends.
    product = (point - baseline) * (point + baseline)[::-1] / 2
    np.testing.assert_allclose(found, point**3 - baseline**3 + product, rtol=1e-4)
    assert error < 1e-4


def test_steps_are_doubled_until_the_attributions_add_up():
    model = network(use_bias=True, activation="relu")
    point, nothing = 9 * RNG.normal(size=6).astype("float32"), np.zeros(6, "float32")
    scores = lambda points: model(points).numpy()[:, 0]  # noqa: E731
    found, error = complete_gradients(of_keras(model), scores, point, nothing)
    gain = float(model(point[None])[0, 0] - model(nothing[None])[0, 0])
    assert error <= 0.01
    np.testing.assert_allclose(found.sum(), gain, atol=0.0101 * abs(gain))


def shapley(value, parts):
    """Shapley values as the mean gain over all orders of the parts."""
    total = np.zeros(parts)
    for order in itertools.permutations(range(parts)):
        present, before = np.zeros(parts), value(np.zeros(parts))
        for part in order:
            present[part] = 1
            after = value(present)
            total[part] += after - before
            before = after
    return total / math.factorial(parts)


def test_few_parts_have_exact_shapley_values():
    table = RNG.normal(size=2**5)
    value = lambda z: table[int(z @ 2 ** np.arange(5))]  # noqa: E731
    found = kernel_shap(lambda zs: np.array([value(z) for z in zs]), 5)
    np.testing.assert_allclose(found, shapley(value, 5), atol=1e-12)


@pytest.mark.parametrize("parts", [7, 20])
def test_kernel_shap_of_a_linear_model_is_weight_times_difference_from_the_mean(parts):
    weights, point, data = (RNG.normal(size=shape) for shape in (parts, parts, (50, parts)))
    mean = data.mean(axis=0)
    found = kernel_shap(lambda z: (mean + z * (point - mean)) @ weights, parts)
    np.testing.assert_allclose(found, weights * (point - mean), atol=1e-6)


def test_sampled_shapley_values_approach_the_exact_ones(monkeypatch):
    pairs = RNG.normal(size=(10, 10))
    value = lambda zs: np.tanh(np.einsum("ni,ij,nj->n", zs, pairs, zs) / 9)  # noqa: E731
    exact = kernel_shap(value, 10)
    monkeypatch.setattr("recipes.explanations.kernel_shap.MOST_EXACT", 0)
    sampled = kernel_shap(value, 10, samples=20_000)
    assert np.abs(sampled - exact).max() < 0.03 * np.ptp(exact)
    np.testing.assert_allclose(sampled.sum(), exact.sum(), atol=1e-6)


def test_occlusion_of_an_additive_model_gives_each_patch_its_contribution():
    contributions = RNG.normal(size=(4, 4))
    patches = np.zeros((4, 4, 4), bool)
    for number, patch in enumerate(patches):
        patch[number // 2 * 2 :, number % 2 * 2 :][:2, :2] = True
    found = occlusion(lambda keep: (keep * contributions).sum(axis=(1, 2)), patches)
    blocks = contributions.reshape(2, 2, 2, 2).sum(axis=(1, 3))
    np.testing.assert_allclose(found, np.kron(blocks, np.ones((2, 2))), atol=1e-6)


def test_windows_cover_an_axis():
    for size in (1, 2, 8, 28, 4000):
        covered = np.zeros(size)
        for window in windows(size, 0.25):
            covered[window] += 1
        assert covered.min() >= 1


def test_rise_is_unbiased_on_a_linear_model():
    # E[S | shown] - E[S] is half a weight, where each place is shown half of the time.
    weights = RNG.normal(size=(3, 3))
    scores = lambda keep: 5 + (keep * weights).sum(axis=(1, 2))  # noqa: E731
    runs = [rise(scores, (3, 3), cells=(3, 3), masks=500, seed=seed) for seed in range(40)]
    error = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    assert (np.abs(np.mean(runs, axis=0) - weights / 2) < 3.5 * error).all()


def test_a_layer_computes_its_own_function_again_after_it_was_replaced():
    layer, ones = keras.layers.Dense(2), np.ones((1, 3), "float32")
    own = layer(ones).numpy()
    with replaced(layer, lambda inputs: inputs):
        np.testing.assert_array_equal(layer(ones), ones)
    np.testing.assert_array_equal(layer(ones), own)


@pytest.fixture(
    scope="module", params=["cnn_small.digits", "ds_cnn_s.vowels", "textcnn.docstrings"]
)
def shipped(request):
    """A classifier of each modality that ships, and three of its test examples."""
    run = load_run(request.param)
    ((name, column),) = run.assets.x.items()
    values = run.dataset().splits["test"].columns[column.source or name]
    return run, [values[position] for position in (0, 40, 80)]


def test_integrated_gradients_of_shipped_classifiers_add_up(shipped):
    run, inputs = shipped
    answers = run.predict(inputs)
    for found, answer in zip(zoo.explain(run, inputs), answers, strict=True):
        assert found.completeness <= 0.01
        assert found.label == answer["predictions"][0]["label"]
        assert len(found.attribution) == len(found.tokens or found.attribution)


def test_integrated_gradients_of_sounds_add_up_where_each_clip_is_normalized(in_tmp):
    run = load_run("ds_cnn_s.spoken_digit")
    column = run.assets.x["audio"]
    times = np.arange(column.samples) / column.sample_rate_hz
    clip = (0.3 * np.sin(2 * np.pi * (300 + 900 * times) * times)).astype("float32")
    ((subject, found),) = explained(run, [clip])
    features = run.model.get_layer("log_mel")(np.stack([clip, 0 * clip])).numpy()
    assert found.attribution.shape == features.shape[1:]
    assert found.completeness <= 0.01
    np.testing.assert_allclose(subject.point, features[0], atol=1e-4)
    logits = run.model({"audio": np.stack([clip, 0 * clip])})["logits"].numpy()
    gain = np.subtract(*logits[:, run.assets.classes.index(found.label)])
    np.testing.assert_allclose(found.attribution.sum(), gain, rtol=0.011)
    picture, sound = subject.write(found, in_tmp, "clip")
    assert picture.stat().st_size > 10_000 and sound.suffix == ".wav"


@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_method_explains_what_it_can(shipped, method):
    run, inputs = shipped
    label = run.predict(inputs[:1])[0]["predictions"][0]["label"]
    try:
        (found,) = zoo.explain(run, inputs[:1], method=method, label=label)
    except ArgumentError as error:
        assert METHODS[method].needs in ("positions", "attention")
        assert "takes texts" in error.problem or "no such layers" in error.problem
        return
    assert np.isfinite(found.attribution).all() and np.abs(found.attribution).max() > 0
    assert (found.label, found.method) == (label, method)
    assert found.to_dict()["score"] == pytest.approx(found.score, rel=1e-4)


def test_mistakes_name_what_is_possible():
    pixels = np.zeros((8, 8, 1), "uint8")
    with pytest.raises(UnknownNameError, match="nearest: occlusion"):
        zoo.explain("cnn_small.digits", pixels, method="oclusion")
    with pytest.raises(UnknownNameError, match=r"class of cnn_small\.digits"):
        zoo.explain("cnn_small.digits", pixels, label="eleven")
    with pytest.raises(UnknownNameError, match="baseline for images"):
        zoo.explain("cnn_small.digits", pixels, baseline="silence")
    with pytest.raises(ArgumentError, match=r"it takes texts[\s\S]*integrated_gradients"):
        zoo.explain("textcnn.docstrings", ["Return a list."], method="grad_cam")
    with pytest.raises(ArgumentError, match="its task is language_modeling"):
        zoo.explain("gpt_nano.pydoc", ["Return a list."])
