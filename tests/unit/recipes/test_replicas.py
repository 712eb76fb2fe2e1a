import os
import subprocess
import sys
from pathlib import Path

import zoo

# A strategy needs its devices before TensorFlow begins, so this runs in a process of its own.
COMPARED = """
import contextlib
import numpy as np
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from zoo.data.pipeline import training_stream

recipe = load_recipe("image/digits-cnn").with_values({
    "model.arguments": {"widths": [4], "normalization": "none"},
    "regularization": {"preset": "none", "l2": 0.001},
    "optimizer": {"name": "sgd", "learning_rate": 0.1, "arguments": {"momentum": 0.9}},
    "schedule": {"name": "constant"},
    "data.max_examples": 100,
    "training.batch_size": 16,
})
found = []
for strategy in (None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    with strategy.scope() if strategy else contextlib.nullcontext():
        setup = prepare(recipe)
        stream = training_stream(setup.train, batch_size=16, seed=1)
        history = setup.model.fit(stream, steps_per_epoch=10, shuffle=False, verbose=0)
        found.append((history.history["loss"], [np.array(v) for v in setup.model.weights]))
np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-5)
for one, two in zip(found[0][1], found[1][1], strict=True):
    np.testing.assert_allclose(one, two, atol=1e-5)

import zoo
from zoo.errors import RecipeError
with strategy.scope():
    try:
        zoo.train(recipe, run_dir="run", progress=False)
    except RecipeError as error:
        assert "has 2" in str(error)
    else:
        raise AssertionError("a run on two replicas was not refused")
"""


def test_two_replicas_make_the_update_of_one_device_with_the_whole_batch(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", COMPARED],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(zoo.__file__).parents[1])},
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
