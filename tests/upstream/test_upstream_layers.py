"""Layers of Keras that are slow, or random in another way than their name says.

Every test shows a naive way that still fails. One that turns red means that a release has fixed
the fault: the module named in its docstring may go.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

pytestmark = pytest.mark.upstream

IMAGE = np.random.default_rng(0).uniform(0, 255, (12, 12, 3)).astype("float32")
IMAGES = np.stack([IMAGE] * 16)


def distinct(batch):
    return len({image.tobytes() for image in keras.ops.convert_to_numpy(batch)})


def test_batch_normalization_is_not_fused():
    """Trap: training runs Mean, SquaredDifference and Rsqrt, about four times slower than fused.

    Stepped round by zoo.layers.batch_norm.
    """
    layer = layers.BatchNormalization()
    layer.build((None, 4, 4, 3))
    graph = tf.function(lambda x: layer(x, training=True)).get_concrete_function(
        tf.TensorSpec((2, 4, 4, 3))
    )
    operations = {operation.type for operation in graph.graph.get_operations()}
    assert not any("FusedBatchNorm" in operation for operation in operations)
    assert "SquaredDifference" in operations


def test_random_crop_takes_one_window_for_the_whole_batch():
    """Trap: sixteen equal images give one crop, not up to 25. Stepped round by zoo.transforms."""
    crop = layers.RandomCrop(8, 8, seed=1)
    counts = {distinct(crop(IMAGES, training=True)) for _ in range(5)}
    assert counts == {1}


def test_rand_augment_picks_its_operation_once_for_the_whole_batch():
    """Trap: all images of a batch get the same operations, with magnitudes of their own.

    Two of the eleven have no magnitude: when one is drawn, sixteen equal images stay equal, which
    draws for each image would not bring about. Stepped round by zoo.transforms.
    """
    augment = layers.RandAugment(num_ops=1, seed=1)
    assert any(distinct(augment(IMAGES, training=True)) == 1 for _ in range(40))


def test_mix_up_takes_only_dictionaries_with_one_hot_labels():
    """Trap: pairs and integer labels, as `fit` and sparse losses take them, are errors.

    Stepped round by zoo.transforms.
    """
    mix = layers.MixUp(seed=1)
    with pytest.raises(tf.errors.InvalidArgumentError):
        mix((IMAGES, np.eye(16, dtype="float32")), training=True)
    with pytest.raises(tf.errors.InvalidArgumentError):
        mix({"images": IMAGES, "labels": np.arange(16)}, training=True)
    mixed = mix({"images": IMAGES, "labels": np.eye(16, dtype="float32")}, training=True)
    assert mixed["labels"].shape == (16, 16)


def erased(*, parallel):
    erase = layers.RandomErasing(seed=1)

    def augment(batch):
        return erase(batch, training=True)

    data = tf.data.Dataset.from_tensor_slices(np.ones((96, 16, 16, 3), "float32")).batch(2)
    batches = data.map(augment, num_parallel_calls=parallel)
    return b"".join(batch.tobytes() for batch in batches.as_numpy_iterator())


def test_a_seeded_layer_in_a_parallel_map_is_not_reproducible():
    """Trap: threads race for the generator's state; the same seed gives other images in every run.

    Stepped round by zoo.transforms, whose functions take a seed for each example.
    """
    assert erased(parallel=None) == erased(parallel=None)
    first = erased(parallel=4)
    assert any(erased(parallel=4) != first for _ in range(20))


def test_variables_without_values_are_made_up_for_later():
    """Trap: what is built without initialization is initialized by the next symbolic call.

    Stepped round by zoo.complexity (shapes_only), which takes the variables off Keras' list.
    """
    from keras.src.backend.common import global_state

    with keras.StatelessScope(initialize_variables=False):
        layer = layers.Dense(2)
        layer.build((None, 3))
        pending = global_state.get_global_attribute("uninitialized_variables")
        assert [variable is layer.kernel for variable in pending[-2:]] == [True, False]
    assert layer.kernel._value is None
    with keras.StatelessScope():
        pass
    assert layer.kernel._value is not None
