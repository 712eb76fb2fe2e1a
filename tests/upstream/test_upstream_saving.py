"""Files of Keras: what they lose, and what becomes of the old one.

Every test shows a naive way that still fails. One that turns red means that a release has fixed
the fault: the module named in its docstring may go.
"""

import os

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.upstream

X, Y = np.ones((8, 4), "float32"), np.ones((8, 16), "float32")


def network(optimizer="adam"):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dropout(0.3, seed=4), keras.layers.Dense(16)]
    )
    model.compile(optimizer, "mse")
    return model


def seeds(model):
    return [variable.numpy().tolist() for variable in model.variables if "seed" in variable.path]


@pytest.mark.filterwarnings("ignore:Skipping variable loading:UserWarning")
def test_the_state_of_seed_generators_is_not_in_the_file(tmp_path):
    """Trap: a model that was saved and loaded draws its first masks again.

    Stepped round by zoo.weights (seed_variables).
    """
    model = network()
    model.fit(X, Y, batch_size=2, verbose=0)
    model.save(tmp_path / "a.keras")
    model.save_weights(tmp_path / "a.weights.h5")
    assert seeds(model) != seeds(network())
    assert seeds(keras.models.load_model(tmp_path / "a.keras")) == seeds(network())
    other = network()
    other.load_weights(tmp_path / "a.weights.h5")
    assert seeds(other) == seeds(network())


def test_saving_overwrites_the_old_file_in_place(tmp_path):
    """Trap: a crash while saving leaves neither the old file nor a new one.

    A second name of the old file shows the new content: what was there has been overwritten.
    Stepped round by zoo.files.
    """
    path, witness = tmp_path / "a.keras", tmp_path / "witness"
    model = network()
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    saves = (
        lambda: model.save(path),
        lambda: model.fit(X, Y, callbacks=[checkpoint], verbose=0),
    )
    for save in saves:
        model.save(path)
        witness.unlink(missing_ok=True)
        os.link(path, witness)
        old = witness.read_bytes()
        model.layers[-1].bias.assign_add(np.ones(16))
        save()
        assert witness.read_bytes() == path.read_bytes() != old


def test_saving_without_the_optimizer_saves_the_optimizer(tmp_path):
    """Trap: `include_optimizer=False` is ignored. Stepped round by zoo.weights."""
    model = network()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "a.keras", include_optimizer=False)
    optimizer = keras.models.load_model(tmp_path / "a.keras").optimizer
    assert optimizer is not None
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_truncated_file_is_said_to_be_absent(tmp_path, share):
    """Trap: half a file is reported as "File not found". Stepped round by zoo.weights."""
    path = tmp_path / "a.keras"
    network().save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="File not found"):
        keras.models.load_model(path)


def test_paths_of_variables_change_with_the_next_build():
    """Trap: no file keyed by path fits the same model built again. Stepped round by zoo.weights."""

    def paths():
        convolution, dense = keras.layers.Conv1D(2, 1), keras.layers.Dense(2)
        model = keras.Sequential([keras.Input((4, 1)), convolution, dense])
        both = keras.layers.Bidirectional(keras.layers.LSTM(2), name="both_ways")
        named = keras.Sequential([keras.Input((4, 1)), both], name="named")
        return [variable.path for variable in [*model.weights, *named.weights]]

    assert not set(paths()[:4]) & set(paths()[:4])
    assert paths()[4:] != paths()[4:]


def test_two_nested_backbones_share_the_paths_of_their_variables():
    """Trap: a dictionary by path loses one backbone in silence. Stepped round by zoo.weights."""

    def backbone(name):
        inputs = keras.Input((4,))
        return keras.Model(inputs, keras.layers.Dense(2, name="dense")(inputs), name=name)

    inputs = keras.Input((4,))
    outputs = keras.layers.Add()([backbone("left")(inputs), backbone("right")(inputs)])
    weights = keras.Model(inputs, outputs).weights
    assert len(weights) == 4
    assert len({variable.path for variable in weights}) == 2
