"""Files for other runtimes: what Keras writes that cannot be run, or only half of.

Every test shows a naive way that still fails. One that turns red means that a release has fixed
the fault: the module named in its docstring may go.
"""

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.upstream

X = np.ones((2, 12, 4), "float32")


def network(layer=None):
    inputs = keras.Input((None, 4), name="x")
    x = layer or keras.layers.GlobalAveragePooling1D()
    return keras.Model(inputs, keras.layers.Dense(64)(x(inputs)))


def test_a_model_that_was_never_called_cannot_be_exported_to_onnx(tmp_path):
    """Trap: a built model is refused. Stepped round by recipes.export.formats (convert)."""
    pytest.importorskip("tf2onnx")
    model = network()
    with pytest.raises(ValueError, match="never called"):
        model.export(tmp_path / "a.onnx", format="onnx", verbose=False)


def test_axes_that_vary_have_numbers_for_names_in_onnx(tmp_path):
    """Trap: who reads the file sees unk__20. Stepped round by recipes.export.formats (_tidy_onnx)."""
    pytest.importorskip("tf2onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = network()
    model.predict_on_batch(X)
    model.export(tmp_path / "a.onnx", format="onnx", verbose=False)
    shape = runtime.InferenceSession(str(tmp_path / "a.onnx")).get_inputs()[0].shape
    assert all(name.startswith("unk__") for name in shape[:2])


def test_an_onnx_file_of_gelu_is_refused_by_the_runtime(tmp_path):
    """Trap: ONNX has no Erfc. Stepped round by recipes.export.formats (_tidy_onnx)."""
    pytest.importorskip("tf2onnx")
    runtime = pytest.importorskip("onnxruntime")
    model = network(keras.layers.Lambda(keras.activations.gelu))
    model.predict_on_batch(X)
    model.export(tmp_path / "a.onnx", format="onnx", verbose=False)
    with pytest.raises(Exception, match="Erfc"):
        runtime.InferenceSession(str(tmp_path / "a.onnx"))


def test_a_saved_model_holds_every_weight_twice(tmp_path):
    """Trap: the file has twice the size. Stepped round by recipes.export.formats (_save_model)."""
    model = network()
    model.export(tmp_path / "a", format="tf_saved_model", verbose=False)
    data = next(tmp_path.rglob("variables.data*")).stat().st_size
    assert data >= 2 * 4 * model.count_params()


def test_the_function_of_a_saved_model_does_not_keep_its_variables(tmp_path):
    """Trap: keep what was loaded. Stepped round by recipes.export.runtimes (_saved_model)."""
    import tensorflow as tf

    network().export(tmp_path / "a", format="tf_saved_model", verbose=False)
    with pytest.raises(AssertionError, match="have been deleted"):
        tf.saved_model.load(str(tmp_path / "a")).serve(tf.constant(X))


def test_litert_writes_a_recurrent_network_that_cannot_be_run(tmp_path):
    """Trap: it needs the Flex delegate, which the runtime does not have.

    Stepped round by recipes.export.formats (_convert_to_litert).
    """
    interpreter = pytest.importorskip("ai_edge_litert.interpreter")
    model = network(keras.layers.LSTM(4))
    model.export(tmp_path / "a.tflite", format="litert", verbose=False)
    with pytest.raises(RuntimeError, match="Flex delegate"):
        interpreter.Interpreter(str(tmp_path / "a.tflite")).get_signature_runner()(x=X)
