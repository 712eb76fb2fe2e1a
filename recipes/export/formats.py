"""A Keras model to a file of another format: SavedModel, ONNX or LiteRT."""

import contextlib
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo import devices
from zoo.columns.assets import Assets
from zoo.columns.usage import variable_of
from zoo.errors import ArgumentError, MachineError

if TYPE_CHECKING:
    import keras


def convert(model: "keras.Model", path: Path, assets: Assets, *, format: str) -> None:
    """Write a model with inputs and logits by name, in float32, for another runtime.

    Args:
        model: of a recipe, its inputs named as in `assets.x`.
        path: of the file; of a folder for SavedModel.
        assets: of the run: the longest inputs, for formats that need to know.
        format: "saved_model", "onnx" or "litert".

    Raises:
        ArgumentError: the format cannot hold the model; says which can.
        MachineError: there is no space left.
    """
    model = _plainly_named(model)
    x = {variable_of(name): value for name, value in random_inputs(assets, 1).items()}
    model.predict_on_batch(x)  # Keras exports to ONNX only models that were called
    if format == "saved_model":
        _save_model(model, path)
    elif format == "onnx":
        with warnings.catch_warnings(), quietly():
            # Keras patches tf2onnx for NumPy 2, which touches names that NumPy has dropped.
            warnings.filterwarnings("ignore", message="In the future `np.object`")
            model.export(path, format="onnx", verbose=False)
        _tidy_onnx(path)
    else:
        _convert_to_litert(model, path, assets)


def divided_logits(model: "keras.Model", temperature: float) -> "keras.Model":
    """Return a model with the same weights whose logits are divided by a temperature.

    Args:
        model: with inputs and outputs by name, "logits" among them.
        temperature: above 0.
    """
    import keras

    inputs = {tensor.name: tensor for tensor in model.inputs}
    outputs = {**model.output, "logits": model.output["logits"] / temperature}
    return keras.Model(inputs, outputs, name=model.name)


def _plainly_named(model: "keras.Model") -> "keras.Model":
    """Return the model with inputs named as every format can: text_present for text.present."""
    import keras

    names = {tensor.name: variable_of(tensor.name) for tensor in model.inputs}
    if all(name == plain for name, plain in names.items()):
        return model
    inputs = {
        names[tensor.name]: keras.Input(
            tensor.shape[1:], dtype=tensor.dtype, name=names[tensor.name]
        )
        for tensor in model.inputs
    }
    outputs = model({name: inputs[plain] for name, plain in names.items()})
    return keras.Model(inputs, outputs, name=model.name)


def _save_model(model: "keras.Model", path: Path) -> None:
    """Write a SavedModel with one signature; the one that Keras writes holds every weight twice."""
    import tensorflow as tf

    specs = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs}
    serve = tf.function(lambda **x: model(x, training=False), autograph=False)
    module, signature = tf.Module(), serve.get_concrete_function(**specs)
    module.kept = signature.variables
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="tf.saved_model")
        try:
            tf.saved_model.save(module, str(path), signatures=signature)
        except tf.errors.OpError as error:  # TensorFlow writes the files itself
            raise MachineError(
                f"{path} cannot be written: {error.message}.",
                fix="free some disk space, or give another --output",
            ) from error


def _tidy_onnx(path: Path) -> None:
    """Make the converter's file valid for runtimes and readable for people.

    Axes that vary become "batch" and "length" (they come numbered, unk__20), and erfc, of which
    GELU is made and which ONNX lacks, becomes 1 - erf.

    Raises:
        ArgumentError: an operation is left that ONNX lacks.
    """
    import onnx

    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            if size.dim_param:
                size.dim_param = "length" if axis else "batch"
    _spell_out_erfc(model.graph)
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise _not_held("ONNX", str(error).partition("\n")[0].rstrip(".")) from error
    onnx.save(model, path)


def _spell_out_erfc(graph: Any) -> None:
    from onnx import helper, numpy_helper

    nodes, one = [], "one_of_erfc"
    for node in graph.node:
        if node.op_type != "Erfc":
            nodes.append(node)
            continue
        (x,), (y,) = node.input, node.output
        nodes.append(helper.make_node("Erf", [x], [f"{y}_erf"], name=f"{node.name}_erf"))
        nodes.append(helper.make_node("Sub", [one, f"{y}_erf"], [y], name=node.name))
    if len(nodes) > len(graph.node):
        graph.initializer.append(numpy_helper.from_array(np.ones((), "float32"), one))
        del graph.node[:]
        graph.node.extend(nodes)


def _not_held(runtime: str, what: str) -> ArgumentError:
    other = "onnx" if runtime == "LiteRT" else "litert"
    return ArgumentError(
        f"{runtime} cannot hold this model: {what}.",
        expected="a model of convolutions, dense, attention or recurrent layers",
        fix=f"--format saved_model, which holds any model, or --format {other}",
    )


def _convert_to_litert(model: "keras.Model", path: Path, assets: Assets) -> None:
    """Convert with LiteRT's own operations only, fixing variable axes as far as needed.

    Keras would allow TensorFlow's operations as well: a file with those converts, and fails when it is
    run, as the Flex delegate is missing. LSTM and GRU need none where the batch is of one example.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    own = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    specs, _ = assets.specs()
    longest = {variable_of(k): max(spec.buckets, default=None) for k, spec in specs.items()}
    said = ""
    for batch, fixed in ((None, False), (1, False), (1, True)):
        signature = {
            tensor.name: tf.TensorSpec(
                [
                    batch,
                    *(longest[tensor.name] if fixed and s is None else s for s in tensor.shape[1:]),
                ],
                tensor.dtype,
                name=tensor.name,
            )
            for tensor in model.inputs
        }
        with quietly():
            try:
                model.export(
                    path,
                    format="litert",
                    verbose=False,
                    input_signature=[signature],
                    target_spec=own,
                )
                return
            except ConverterError as error:
                said = str(error)
    operations = ", ".join(sorted(set(_named_operations(said)))) or "some of its operations"
    raise _not_held("LiteRT", f"it has no {operations}")


def _named_operations(message: str) -> Iterator[str]:
    for listed in re.findall(r"(?:TF Select|Flex) ops: ([\w, ]+)", message):
        yield from (name.strip() for name in listed.split(","))
    yield from re.findall(r"'tf\.(\w+)' op", message)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Hold back what converters and runtimes write to stderr; print it if they fail."""
    logger = devices.load_tensorflow().get_logger()
    sys.stderr.flush()
    level, kept = logger.level, os.dup(2)
    logger.setLevel("ERROR")
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        text = b""
        try:
            yield
        except BaseException:
            held.seek(0)
            text = held.read()
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            logger.setLevel(level)
            sys.stderr.write(text.decode(errors="replace"))


def random_inputs(assets: Assets, count: int) -> dict[str, np.ndarray]:
    """Return seeded inputs as the columns make them up: pixels, ids below the vocabulary, noise."""
    generator, made = np.random.default_rng(0), {}
    for name, column in assets.x.items():
        parts = column.random(generator, count)
        made |= {f"{name}.{part}" if part else name: array for part, array in parts.items()}
        if column.optional:
            made[f"{name}.present"] = np.ones(count, "float32")
    return made
