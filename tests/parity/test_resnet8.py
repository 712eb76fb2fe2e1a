"""ResNet-8 of MLPerf Tiny against its reference, rebuilt in Keras."""

import keras
import numpy as np

from tests.parity.mobile_models import assign, h5_tensors, keras_tensors, random_statistics
from tests.parity.real_files import cifar10_test, weight_file
from tests.parity.timm_models import assert_close, image_batch
from zoo.composition import build
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.resnet8 import MAPS
from zoo.weights import load_into


def reference(size=32):
    """The network from the layers that its file lists, named by their order."""
    layers, numbers = keras.layers, {"conv2d": -1, "batch_normalization": -1}

    def name(base):
        numbers[base] += 1
        return f"{base}_{numbers[base]}" if numbers[base] else base

    def conv(x, filters, kernel=3, strides=1):
        made = {"strides": strides, "padding": "same", "name": name("conv2d")}
        return layers.Conv2D(filters, kernel, **made)(x)

    def norm(x):
        return layers.BatchNormalization(name=name("batch_normalization"))(x)

    image = keras.Input((size, size, 3))
    x = layers.ReLU()(norm(conv(image, 16)))
    for filters in (16, 32, 64):
        strides = 1 if filters == 16 else 2
        y = layers.ReLU()(norm(conv(x, filters, strides=strides)))
        y = conv(y, filters)
        shortcut = x if strides == 1 else conv(x, filters, 1, strides)
        x = layers.ReLU()(layers.Add()([shortcut, norm(y)]))
    x = layers.Flatten()(layers.AveragePooling2D(size // 4)(x))
    return keras.Model(image, layers.Dense(10, name="dense")(x))


def test_equals_its_reference():
    network = reference()
    random_statistics(network)
    model = build("resnet8", preprocessing=False)
    tensors = keras_tensors(network)
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    image = image_batch(32)
    assert_close(model(image), network(image), what="resnet8")


def test_published_weights_label_as_their_reference_does():
    pixels, labels = cifar10_test()
    tensors = h5_tensors(weight_file("pretrainedResnet.h5"))
    network, model = reference(), build("resnet8")
    assign(network, tensors)
    load_into(model, converted(model, tensors, MAPS, source="pretrainedResnet.h5").tensors)
    found = model.predict(pixels, batch_size=100, verbose=0)
    expected = network.predict(pixels.astype("float32"), batch_size=100, verbose=0)
    assert_close(found, expected, what="resnet8")
    right = int((found.argmax(1) == labels).sum())
    print(f"resnet8: {right} of 1,000 right")
    assert right == 881  # the benchmark asks for 850
    assert np.array_equal(found.argmax(1), expected.argmax(1))
