"""Xception against keras.applications'."""

import keras
import numpy as np

from tests.parity.timm_models import assert_close, image_batch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.xception import MAPS
from zoo.weights import load_into


def test_equals_keras_applications():
    keras.backend.clear_session()  # the shortcuts of theirs are numbered from 0 again
    shape = (75, 90, 3)
    network = keras.applications.Xception(
        weights=None, classes=10, classifier_activation=None, input_shape=shape
    )
    generator, tensors = np.random.default_rng(0), {}
    for layer in network.layers:
        for variable in layer.weights:
            if variable.name == "moving_variance" or variable.name == "gamma":
                variable.assign(generator.uniform(0.6, 1.4, variable.shape))
            elif len(variable.shape) == 1:
                variable.assign(generator.normal(0, 0.1, variable.shape))
            tensors[f"{layer.name}/{variable.name}"] = np.asarray(variable)
    model = build("xception", preprocessing=False, num_classes=10, input_shape=shape)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch(shape[:2])
    assert_close(model(image), network(image), what="xception")
    theirs = {"stride_8": "add_1", "stride_16": "add_10", "stride_32": "block14_sepconv2_act"}
    outputs = [network.get_layer(name).output for name in theirs.values()]
    expected = keras.Model(network.inputs, outputs)(image)
    found = model.get_layer("backbone")(image)
    for key, tensor in zip(theirs, expected, strict=True):
        assert_close(found[key], tensor, what=f"xception {key}")
