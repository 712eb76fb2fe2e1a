"""Contract checks that every catalog entry passes; public, so that your own additions can use them.

Each check raises an AssertionError that says what is broken.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo import registry
from zoo.cards import FeatureSpec
from zoo.columns import is_presence
from zoo.composition import build
from zoo.data.dataset import Dataset
from zoo.task_model import TaskModel
from zoo.tasks.base import Assets, Task
from zoo.weights import load_model_weights, save_model_weights, tensor_keys

CLASSES = 3
BATCH = 4
TOKENS = 6
PREFIX_TOKENS = 8  # at most, before those of an image's patches


def tiny_model(name: str, *, num_classes: int = CLASSES, seed: int = 1) -> keras.Model:
    """Build a model from its card's tiny arguments."""
    card = registry.model_card(name)
    return build(
        name,
        input_shape=card.tiny_input_shape or None,
        num_classes=num_classes,
        seed=seed,
        **card.tiny_arguments,
    )


def tiny_batch(model: keras.Model, *, seed: int = 0) -> np.ndarray | dict[str, np.ndarray]:
    """Return random inputs: images 0–255 (BATCH, H, W, C), ids (BATCH, TOKENS) or waveforms.

    A model of several inputs gets them by name.
    """
    generator = np.random.default_rng(seed)
    if isinstance(model.input, Mapping):
        return {
            name: np.arange(BATCH, dtype="float32") % 2  # some are there, others are not
            if is_presence(name)
            else _tiny_input(tensor, generator)
            for name, tensor in model.input.items()
        }
    return _tiny_input(model.inputs[0], generator)


def _tiny_input(tensor: keras.KerasTensor, generator: np.random.Generator) -> np.ndarray:
    shape = (BATCH, *(TOKENS if size is None else size for size in tensor.shape[1:]))
    if len(shape) == 4:
        return generator.integers(0, 256, shape).astype("uint8")
    if tensor.dtype == "int32":
        ids = generator.integers(1, CLASSES, shape).astype("int32")
        ids[0, TOKENS // 2 :] = 0  # one is shorter, and padded
        return ids
    return generator.uniform(-1, 1, shape).astype("float32")


def check_build(name: str) -> np.ndarray:
    """Check that a tiny model builds, gives finite logits that its seed repeats, and has stable keys.

    Returns:
        The outputs for `tiny_batch`.
    """
    model = tiny_model(name)
    outputs = _outputs(model, tiny_batch(model))
    shape = (BATCH, TOKENS, CLASSES) if _writes(name) else (BATCH, CLASSES)
    by_name = isinstance(model.output, Mapping)  # vectors, not logits of classes
    assert by_name or outputs.shape == shape, f"{name}: logits have shape {outputs.shape}"
    assert np.isfinite(outputs).all(), f"{name}: outputs are not finite"
    again = _outputs(tiny_model(name), tiny_batch(model))
    assert np.allclose(outputs, again), f"{name}: seed does not repeat"
    _check_keys(name, model)
    return outputs


def check_model(name: str) -> None:
    """Check the whole contract of a model at tiny size.

    It builds, runs forward and backward, saves and reloads to equal outputs, has unique keys that a
    second build shares, works without a head and under mixed_bfloat16.
    """
    outputs = check_build(name)
    model = tiny_model(name)
    x = tiny_batch(model)
    _check_reload(name, model, x, outputs)
    _check_backward(name, model, x)
    check_features(name)
    if not _writes(name):
        features = _outputs(tiny_model(name, num_classes=0), x)
        assert features.ndim == 2, f"{name}: headless features have shape {features.shape}"
    _check_bfloat16(name, x)


def check_overfits(name: str, *, examples: int = 24, steps: int = 600) -> None:
    """Check that a tiny model of images memorizes random labels of a few images.

    A network whose gradient does not reach every part of it, or whose blocks lose the image, cannot.
    """
    model = tiny_model(name)
    generator = np.random.default_rng(0)
    shape = (examples, *model.input_shape[1:])
    x = generator.integers(0, 256, shape).astype("float32")
    y = generator.integers(0, CLASSES, examples)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(2e-3, global_clipnorm=1.0), loss, metrics=["accuracy"])
    for _ in range(steps // 50):
        for _ in range(50):
            _, accuracy = model.train_on_batch(x, y)
            model.reset_metrics()
        if accuracy == 1.0:
            return
    raise AssertionError(f"{name}: {accuracy:.0%} of {examples} images after {steps} steps")


def _outputs(model: keras.Model, x: Any) -> np.ndarray:
    """Return what a model gives; outputs by name side by side, (B, sum of their widths)."""
    outputs = model(x)
    if not isinstance(outputs, Mapping):
        return np.asarray(outputs)
    return np.concatenate([np.asarray(part) for part in outputs.values()], axis=-1)


def _writes(name: str) -> bool:
    task = registry.task_card(registry.model_card(name).tasks[0])
    return registry.resolve(task.task).writes


def check_features(name: str) -> None:
    """Check a card's features against the backbone: at tiny size by running it, and as measured.

    Widths are those of the card's own arguments, so that they are compared with what was measured.
    """
    card = registry.model_card(name)
    assert card.head_feature in [feature.name for feature in card.features], f"{name}: head_feature"
    sizes = {"input_shape": card.tiny_input_shape or None, **card.tiny_arguments}
    model = build(name, num_classes=CLASSES, features_only=True, **sizes)
    inputs = model.get_layer("backbone").input
    inputs = inputs if isinstance(inputs, Mapping) else {"": inputs}
    sizes = {key: tuple(tensor.shape[1:]) for key, tensor in inputs.items()}
    taken = {key: size if None not in size else (TOKENS,) for key, size in sizes.items()}
    found = {key: np.shape(value)[1:] for key, value in model(tiny_batch(model)).items()}
    _compare_features(name, taken, found, widths=False)
    check_declared_features(name)


def check_declared_features(name: str) -> None:
    """Check a card's features against those that were measured at the card's own arguments."""
    measured = registry.measured().get(name)
    if measured:
        shapes = {key: tuple(shape) for key, shape in measured["features"].items()}
        _compare_features(name, {}, shapes, widths=True)


def _compare_features(
    name: str,
    inputs: Mapping[str, tuple[int, ...]],
    found: Mapping[str, tuple[int | None, ...]],
    *,
    widths: bool,
) -> None:
    declared = registry.model_card(name).features
    assert [feature.name for feature in declared] == list(found), f"{name}: has {list(found)}"
    for feature in declared:
        taken, (*axes, width) = inputs.get(feature.of), found[feature.name]
        what = f"{name}: {feature.name} has the shape {found[feature.name]}, declared {feature}"
        assert bool(axes) == (feature.stride is not None), what
        assert not widths or width == feature.width, what
        if len(axes) == 1 and taken and len(taken) == 3:  # patches of an image in a row
            patches = np.prod([size // feature.stride for size in taken[:2]])
            assert 0 <= axes[0] - patches <= PREFIX_TOKENS, what
        elif axes and taken:
            strides = np.broadcast_to(feature.stride, len(axes))
            places = zip(axes, taken[: len(axes)], strides, strict=True)
            fits = all(abs(size - whole / stride) < 1 for size, whole, stride in places)
            assert fits or _grows_by_stride(name, feature, axes), what


def _grows_by_stride(name: str, feature: FeatureSpec, sizes: Sequence[int]) -> bool:
    """Tell whether a larger image adds positions by the stride, where unpadded layers lose some."""
    card, more = registry.model_card(name), 4
    if len(card.tiny_input_shape) != 3:
        return False
    height, width, channels = card.tiny_input_shape
    larger = (height + more * feature.stride, width + more * feature.stride, channels)
    model = build(name, input_shape=larger, features_only=True, **card.tiny_arguments)
    return model.output[feature.name].shape[1:-1] == tuple(size + more for size in sizes)


def check_published_params(name: str) -> None:
    """Check the parameter count at the card's own arguments against the paper's."""
    card = registry.model_card(name)
    if card.published_params is not None:
        counted = registry.measured()[name]["params"]
        assert counted == card.published_params, f"{name}: {counted} is not {card.published_params}"


def _check_keys(name: str, model: keras.Model) -> None:
    keys, again = tensor_keys(model), tensor_keys(tiny_model(name))
    assert len(keys) == len(model.weights), (
        f"{name}: {len(model.weights)} weights, {len(keys)} keys"
    )
    assert list(keys) == list(again), f"{name}: two builds have different keys"


def _check_reload(name: str, model: keras.Model, x: Any, outputs: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.safetensors"
        save_model_weights(path, model)
        other = tiny_model(name, seed=2)
        assert not np.array_equal(_outputs(other, x), outputs), f"{name}: seeds make no difference"
        load_model_weights(path, other)
        assert np.array_equal(_outputs(other, x), outputs), f"{name}: reloads to other outputs"
        model.save(Path(folder) / "model.keras")
        restored = keras.saving.load_model(Path(folder) / "model.keras")
        assert np.allclose(_outputs(restored, x), outputs, atol=1e-6), f"{name}: .keras differs"


def _check_backward(name: str, model: keras.Model, x: Any) -> None:
    before = [np.asarray(v) for v in model.trainable_variables]
    labels, loss = np.arange(BATCH) % CLASSES, keras.losses.SparseCategoricalCrossentropy(True)
    if isinstance(model.output, Mapping):
        task = registry.resolve(registry.task_card(registry.model_card(name).tasks[0]).task)()
        model, labels, loss = TaskModel(model, task=task), None, None  # without targets
    model.compile(keras.optimizers.SGD(0.1), loss)
    if isinstance(model.output_shape, tuple) and len(model.output_shape) == 3:
        labels = x["ids"] if isinstance(x, Mapping) else x
    else:
        x = keras.tree.map_structure(lambda v: v.astype("float32") if v.dtype == "uint8" else v, x)
    for _ in range(2):  # a branch that begins as nothing hides what is before it in the first step
        model.train_on_batch(x, labels)
    after = [np.asarray(v) for v in model.trainable_variables]
    assert all(np.isfinite(new).all() for new in after), f"{name}: not finite after two steps"
    changed = [not np.array_equal(new, old) for new, old in zip(after, before, strict=True)]
    assert np.mean(changed) > 0.9, f"{name}: {changed.count(False)} weights get no gradient"


def _check_bfloat16(name: str, x: Any) -> None:
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = tiny_model(name)
    finally:
        keras.config.set_dtype_policy(old)
    outputs = _outputs(model, x)
    assert outputs.dtype == "float32", f"{name}: outputs not float32"
    assert np.isfinite(outputs).all(), f"{name}: not finite under mixed_bfloat16"
    assert {v.dtype for v in model.trainable_variables} == {"float32"}, (
        f"{name}: weights not float32"
    )


def check_dataset(dataset: Dataset) -> None:
    """Check that every split's first and last examples are what the features declare."""
    assert "train" in dataset.splits and "test" in dataset.splits, f"{dataset.name}: splits missing"
    assert dataset.licence, f"{dataset.name}: no licence, not even 'none stated'"
    assert len(set(dataset.classes)) == len(dataset.classes) != 1, f"{dataset.name}: classes"
    assert len(dataset.fingerprint) == 16, f"{dataset.name}: fingerprint"
    for split_name, split in dataset.splits.items():
        if dataset.classes:
            labels = split.labels
            assert 0 <= labels.min() <= labels.max() < len(dataset.classes), f"{split_name}: labels"
        for index in (0, len(split) - 1):
            for column, feature in dataset.features.items():
                value, wanted = split[index][column], feature.value_shape
                if wanted is None or (value is None and feature.optional):
                    continue
                shape = np.shape(value)
                fits = len(shape) == len(wanted) and all(
                    want in (None, size) for want, size in zip(wanted, shape, strict=True)
                )
                assert fits, f"{split_name}: {column} has shape {shape}, not {wanted}"


def check_task(task: Task, assets: Assets, model: keras.Model, example: Mapping[str, Any]) -> None:
    """Check that a task's methods fit together on one example repeated to a batch."""
    x, y = task.encode(example, assets, None)
    for values, specs in zip((x, y), assets.specs(), strict=True):
        assert set(values) == set(specs), f"encode gives {set(values)}, assets say {set(specs)}"
        for name, spec in specs.items():
            assert np.asarray(values[name]).dtype == spec.dtype, f"{name}: dtype"
            assert len(np.shape(values[name])) == len(spec.shape), f"{name}: shape"
    assert Assets.from_dict(assets.to_dict()) == assets, "assets do not survive to_dict"
    batch_x = {name: np.stack([value] * BATCH) for name, value in x.items()}
    batch_y = {name: np.stack([value] * BATCH) for name, value in y.items()}
    predictions = task.decode(model, batch_x, assets)
    assert len(predictions) == BATCH, "decode gives another number of predictions"
    check_metrics(task, predictions, batch_y)
    assert isinstance(task.describe(predictions[0], assets), list), "describe gives no list"
    losses = task.loss(batch_y, model(batch_x))
    assert {"loss", *task.shown} <= set(losses), f"loss gives {set(losses)}"


def check_metrics(task: Task, predictions: Any, truths: Mapping[str, np.ndarray]) -> None:
    """Check that a task's statistics and metrics fit together.

    Statistics belong to examples, weights of one change nothing, and every example twice gives the
    same metrics.
    """
    statistics, count = task.statistics(predictions, truths), len(predictions)
    for name, values in statistics.items():
        assert len(values) == count, f"{name}: {len(values)} statistics of {count} examples"
    names = [metric.name for metric in task.metrics]
    assert sorted(task.estimators) == sorted(names), f"metrics {names}, estimators differ"
    scores = task.score(predictions, truths)
    assert list(scores) == names, f"score gives {list(scores)}, metrics say {names}"
    assert all(np.isfinite(value) for value in scores.values()), f"scores are not finite: {scores}"
    twice = {name: np.concatenate([values, values]) for name, values in statistics.items()}
    for name, estimator in task.estimators.items():
        ones = estimator(statistics, np.ones((2, count)))
        assert np.shape(ones) == (2,), f"{name}: {np.shape(ones)} values of two rows of weights"
        assert np.allclose(ones, scores[name]), f"{name}: weights of one change it"
        assert np.isclose(estimator(twice), scores[name]), f"{name}: every example twice changes it"


def check_mode(task: Task, better: Any, worse: Any, truths: Mapping[str, np.ndarray]) -> None:
    """Check that better predictions give a better value of the metric that decides."""
    gain = task.score(better, truths)[task.metric] - task.score(worse, truths)[task.metric]
    assert gain * task.metrics[0].sign > 0, (
        f"{task.metric} is not better at its {task.metrics[0].mode}"
    )


def check_recipe(name: str, folder: Path, *, data_dir: str | None = None) -> None:
    """Check that a recipe trains, reports, loads and predicts in its smoke form."""
    from recipes.runs.run import load
    from recipes.training.train import train

    run = train(name, smoke=True, run_dir=folder / "run", data_dir=data_dir, progress=False)
    metric = run.task.metrics[0]
    value = run.metrics["metrics"][metric.name]["value"]
    lowest, highest = metric.bounds
    assert lowest <= value <= highest, f"{name}: {metric.name} is {value}"
    for file in ("report.html", "README.md", "history.csv", "weights.safetensors", "recipe.yaml"):
        assert (folder / "run" / file).stat().st_size > 0, f"{name}: {file} is missing"
    again = load(folder / "run")
    example = run.dataset(data_dir=data_dir).splits["test"][0]
    columns = {column.source or name for name, column in again.assets.x.items()}
    inputs = [{name: example[name] for name in columns}]
    assert again.predict(inputs) == run.predict(inputs), f"{name}: reloads to other predictions"
