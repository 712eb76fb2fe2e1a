"""`fit` and its callbacks: what they count, guess and forget.

Every test shows a naive way that still fails. One that turns red means that a release has fixed
the fault: the module named in its docstring may go.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

pytestmark = pytest.mark.upstream

X, Y = np.ones((8, 4), "float32"), np.ones((8, 1), "float32")


class Stop(Exception):
    """Stands for a crash."""


def network():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dropout(0.3, seed=4), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


def seeds(model):
    return [variable.numpy().tolist() for variable in model.variables if "seed" in variable.path]


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_a_dataset_of_unknown_length_counts_one_step_too_many_per_epoch():
    """Trap: three epochs of four batches give 15 iterations; schedules and seeds run ahead.

    Stepped round by zoo.data.pipeline, whose datasets all have a known length.
    """

    def keep(*_):
        return True

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(2)
    counts = {}
    for name, dataset in {"known": data, "unknown": data.filter(keep)}.items():
        model = network()
        model.fit(dataset, epochs=3, shuffle=False, verbose=0)
        counts[name] = int(model.optimizer.iterations)
    assert counts == {"known": 12, "unknown": 15}


def test_a_dataset_without_shuffle_false_is_warned_of():
    """Trap: every call with a dataset warns of an argument that nobody gave.

    Stepped round by recipes.training.train, which passes shuffle=False.
    """
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)
    with pytest.warns(UserWarning, match="`shuffle=True` was passed, but will be ignored"):
        network().fit(data, verbose=0)


def test_a_layer_that_was_frozen_stays_so_where_its_model_is_trainable_already():
    """Trap: `trainable = True` reaches the layers only where the model was frozen as a whole.

    Under TensorFlow an attribute that is set to the object that it has already is not set again, so
    no setter runs. Stepped round by recipes.training.initialization (_hold), which sets each layer.
    """
    model = network()
    leaf = model.layers[-1]
    leaf.trainable = False
    assert model.trainable is True
    model.trainable = True
    assert not leaf.trainable
    assert not model.trainable_variables
    model.trainable = False
    model.trainable = True
    assert leaf.trainable


def test_early_stopping_cannot_tell_the_direction_of_a_custom_metric():
    """Trap: "val_cer" is an error without a mode, even where it is compiled.

    Stepped round by recipes.training.callbacks, which stops by the task's metric and its mode.
    """

    def cer(y, y_pred):
        return keras.ops.mean(keras.ops.abs(y - y_pred))

    model = network()
    model.compile("sgd", "mse", metrics=[keras.metrics.MeanMetricWrapper(cer, name="cer")])
    stop = keras.callbacks.EarlyStopping("val_cer")
    with pytest.raises(ValueError, match="isn't able to automatically determine"):
        model.fit(X, Y, validation_data=(X, Y), callbacks=[stop], verbose=0)


def test_backup_and_restore_forgets_seeds_and_early_stopping(tmp_path):
    """Trap: a resumed run has the weights and the epoch of the old one, and starts all else anew.

    Stepped round by recipes.training.checkpoint.
    """

    def run(model, *, callback):
        stop = keras.callbacks.EarlyStopping("loss", mode="min", patience=9)
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
        callback.stop = stop
        callbacks = [backup, stop, callback]
        model.fit(X, Y, epochs=4, batch_size=4, callbacks=callbacks, verbose=0)

    class Look(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch, self.seeds, self.best = epoch, seeds(self.model), self.stop.best
            self.iterations = int(self.model.optimizer.iterations)
            if epoch == self.stop_at:
                raise Stop

    looks = []
    for _ in ("first run", "resumed run"):
        look = Look()
        look.stop_at = 2
        with pytest.raises(Stop):
            run(network(), callback=look)
        looks.append(look)
    crashed, resumed = looks
    assert crashed.epoch == resumed.epoch == 2
    assert crashed.iterations == resumed.iterations == 4
    assert crashed.seeds != resumed.seeds == seeds(network())
    assert np.isfinite(crashed.best)
    assert resumed.best is None or not np.isfinite(resumed.best)
