"""Inputs that belong together: the loss, inputs that are absent, the head, what is refused."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo import registry
from zoo.columns import Text, Vector
from zoo.composition import assemble
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError
from zoo.heads.contrastive import LogitScale
from zoo.task_model import TaskModel
from zoo.tasks.contrastive_loss import clip_loss, contrastive_loss
from zoo.tasks.contrastive_pairs import ContrastivePairs
from zoo.testing import check_metrics, check_mode, check_task

FEATURES = {
    "one": Vector((3,), optional=True),
    "two": Vector((2,), optional=True),
    "said": Text(optional=True),
}


def split(count=12, *, absent=()):
    generator = np.random.default_rng(0)
    columns = {
        "one": list(generator.normal(size=(count, 3))),
        "two": list(generator.normal(size=(count, 2))),
        "said": [("red", "green", "blue")[k % 3] for k in range(count)],
    }
    for name, place in absent:
        columns[name][place] = None
    return Split(columns)


def made(train, **arguments):
    task = ContrastivePairs(max_tokens=4, embedding_dim=5, **arguments)
    assets = task.fit(train, features=FEATURES, classes=())
    keras.utils.set_random_seed(1)
    card = registry.model_card("dual_encoder")
    tiny = {"name": "textcnn", "arguments": {"num_filters": 3, "embedding_dim": 4}}
    encoders = {"encoders": {"said": tiny} if "said" in assets.x else {}}
    return task, assets, TaskModel(assemble(card, task, assets, arguments=encoders), task=task)


def units(count, width=8, seed=0):
    found = np.random.default_rng(seed).normal(size=(2, count, width)).astype("float32")
    return found / np.linalg.norm(found, axis=-1, keepdims=True)


def torch_loss(one, other, scale):
    torch = pytest.importorskip("torch")
    logits = scale * torch.tensor(one) @ torch.tensor(other).T
    place = torch.arange(len(logits))
    both = [torch.nn.functional.cross_entropy(rows, place) for rows in (logits, logits.T)]
    return float(sum(both) / 2)


@pytest.mark.parametrize("scale", [1 / 0.07, 100.0])
def test_the_loss_equals_that_of_pytorch(scale):
    one, other = units(16)
    assert float(clip_loss(one, other, scale)[0]) == pytest.approx(
        torch_loss(one, other, scale), abs=1e-6, rel=1e-6
    )


def test_the_loss_equals_that_of_transformers():
    torch = pytest.importorskip("torch")
    clip = pytest.importorskip("transformers.models.clip.modeling_clip")
    one, other = units(9)
    expected = clip.image_text_contrastive_loss(20.0 * torch.tensor(one) @ torch.tensor(other).T)
    assert float(clip_loss(one, other, 20.0)[0]) == pytest.approx(float(expected), abs=1e-6)


def test_an_example_without_an_input_is_neither_asked_for_nor_a_candidate():
    one, other = units(10)
    gone_one, gone_other = one.copy(), other.copy()
    gone_one[[2, 5]] = gone_other[[5, 7]] = 0
    kept = np.setdiff1d(np.arange(10), [2, 5, 7])
    loss, right, count = clip_loss(gone_one, gone_other, 10.0)
    expected = clip_loss(one[kept], other[kept], 10.0)
    assert float(count) == 7
    assert (float(loss), float(right)) == pytest.approx([float(v) for v in expected[:2]], abs=1e-6)


def test_several_inputs_are_the_mean_over_pairs_that_the_batch_has():
    one, other = units(6)
    third, zeros = units(6, seed=3)[0], np.zeros_like(one)
    pairs = [clip_loss(*pair, 5.0)[0] for pair in ((one, other), (one, third), (other, third))]
    mean = np.mean([float(loss) for loss in pairs])
    whole = contrastive_loss({"a": one, "b": other, "c": third}, 5.0)
    assert float(whole["loss"]) == pytest.approx(mean, abs=1e-6)
    two = contrastive_loss({"a": one, "b": other, "c": zeros}, 5.0)
    assert float(two["loss"]) == pytest.approx(float(pairs[0]), abs=1e-6)


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_gradients_are_finite_whatever_is_absent(precision):
    import tensorflow as tf

    keras.config.set_dtype_policy(precision)
    try:
        task, _, model = made(split())
    finally:
        keras.config.set_dtype_policy("float32")
    assert {v.dtype for v in model.output.values()} == {"float32"}
    for absent in (
        [],
        [("one", 0), ("two", 1)],
        [(name, k) for name in ("one", "said") for k in range(12)],
        [("one", k) for k in range(12)]
        + [(name, k) for name in ("two", "said") for k in range(11)],
    ):
        x, y = Encoded(split(absent=absent), _Lenient(task), made(split())[1]).batch(np.arange(12))
        with tf.GradientTape() as tape:
            loss = task.loss(y, model(x, training=True))["loss"]
        gradients = tape.gradient(
            loss, [v.value for v in model.trainable_variables], unconnected_gradients="zero"
        )
        assert np.isfinite(float(loss))
        assert all(np.isfinite(tf.convert_to_tensor(g)).all() for g in gradients)


class _Lenient:
    """A task that encodes splits without pairs."""

    random_encoding = False

    def __init__(self, task):
        self.encode = task.encode

    def units(self, split, assets, *, training):
        return split


def test_the_scale_is_learned_saved_and_never_above_100():
    task, assets, model = made(split(), temperature=0.0101)
    assert model.get_layer("scale").log_scale.numpy() == pytest.approx(-np.log(0.0101))
    model.compile(keras.optimizers.Adam(0.5))
    x, y = Encoded(split(), task, assets).batch(np.arange(12))
    model.train_on_batch(x, y)
    scale = model.get_layer("scale")
    assert any(v is scale.log_scale for v in model.trainable_variables)
    pushed = LogitScale(0.07)
    pushed.build((None, 2))
    optimizer = keras.optimizers.SGD(100.0)
    optimizer.apply([ops.convert_to_tensor(-1.0)], [pushed.log_scale])
    assert float(ops.exp(pushed.log_scale)) == pytest.approx(100, rel=1e-5)


def test_the_contract_of_tasks_holds():
    task, assets, model = made(split())
    check_task(task, assets, model, split()[0])
    x, y = Encoded(split(absent=[("one", 0), ("said", 3)]), task, assets).batch(np.arange(12))
    vectors = task.decode(model, x, assets)
    assert not vectors[0, 0].any() and not vectors[3, 2].any()
    lengths = np.linalg.norm(vectors, axis=-1)
    assert np.allclose(lengths[lengths > 0], 1, atol=1e-6) and (lengths == 0).sum() == 2
    check_metrics(task, vectors, y)
    better = np.repeat(units(12)[0][:, None], 3, axis=1)
    check_mode(task, better, better[:, [0, 1, 2]] * [[[1], [-1], [1]]], y)


def test_parts_are_the_directions_and_their_mean_is_the_whole():
    task, assets, model = made(split(), inputs=["one", "two"])
    x, y = Encoded(split(), task, assets).batch(np.arange(12))
    vectors = task.decode(model, x, assets)
    parts = task.parts(vectors, y)
    assert list(parts) == ["one to two", "two to one"]
    found = [task.score(*part)["median_rank"] for part in parts.values()]
    assert task.score(vectors, y)["median_rank"] == pytest.approx(np.mean(found))


def test_equal_texts_are_equally_right():
    task, assets, _ = made(split(), inputs=["one", "said"])
    _, y = Encoded(split(), task, assets).batch(np.arange(12))
    vectors = np.repeat(np.eye(3)[np.arange(12) % 3][:, None], 2, axis=1)  # by word
    assert task.score(vectors, y)["recall_at_1"] == 1
    _, y = Encoded(split(), *made(split(), inputs=["one", "two"])[:2]).batch(np.arange(12))
    assert task.score(vectors, y)["recall_at_1"] == 0  # of four that are as near one is right


def test_what_cannot_be_trained_is_refused():
    for arguments in ({"embedding_dim": 0}, {"temperature": 0.001}, {"temperature": "warm"}):
        with pytest.raises(ArgumentError, match="out of range"):
            ContrastivePairs(**arguments)
    with pytest.raises(DataError, match="two inputs or more"):
        made(split(), inputs=["one"])
    task, assets, _ = made(split(), inputs=["one", "two"])
    apart = [("one" if k % 2 else "two", k) for k in range(11)]
    with pytest.raises(DataError, match="Fewer than two examples"):
        task.units(split(absent=apart), assets, training=True)
