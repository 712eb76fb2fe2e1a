"""Cards of keras.applications: from pixels 0–255 and a file of Keras to the outputs of Keras."""

from dataclasses import asdict

import keras
import numpy as np
import pytest

from tests.parity.mobile_models import random_statistics
from tests.parity.timm_models import assert_close
from zoo import registry
from zoo.composition import build

SIZE = (96, 96, 3)
NETWORKS = {  # by the model's name: Keras' class and the module of its preprocess_input
    "mobilenetv1_100": ("MobileNet", "mobilenet"),
    "mobilenetv2_100": ("MobileNetV2", "mobilenet_v2"),
    "densenet121": ("DenseNet121", "densenet"),
    "densenet169": ("DenseNet169", "densenet"),
    "densenet201": ("DenseNet201", "densenet"),
    "xception": ("Xception", "xception"),
    "efficientnet_b0": ("EfficientNetB0", None),
    "efficientnet_b1": ("EfficientNetB1", None),
    "efficientnet_b2": ("EfficientNetB2", None),
    "efficientnet_b3": ("EfficientNetB3", None),
    "efficientnetv2_s": ("EfficientNetV2S", None),
    "efficientnetv2_m": ("EfficientNetV2M", None),
}
DEVIATION = (0.229, 0.224, 0.225)  # that the file of an EfficientNet holds as a variance


def normalize_by(network, images):
    """Set the statistics of a network to those of some images, so that they do not fade on the way."""
    layers = [x for x in network.layers if isinstance(x, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    network(images, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def test_every_card_is_here():
    cards = registry.pretrained_cards().values()
    assert {card.model for card in cards if card.name.endswith(".keras_in1k")} == set(NETWORKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_card_gives_the_outputs_of_keras(name, tmp_path):
    keras.backend.clear_session()  # Keras' names of layers are numbered from the start again
    maker, module = NETWORKS[name]
    network = getattr(keras.applications, maker)(
        input_shape=SIZE, weights=None, classes=10, classifier_activation=None
    )
    pixels = np.random.default_rng(0).uniform(0, 255, (2, *SIZE)).astype("float32")
    pixels[1] /= 2
    taken = pixels.copy()
    if module:
        taken = getattr(keras.applications, module).preprocess_input(taken)
    random_statistics(network)
    if name.startswith("efficientnet_"):
        mean = np.array((0.485, 0.456, 0.406), "float32")
        scaling = network.get_layer("normalization")
        scaling.set_weights([mean, np.square(DEVIATION), np.array(0)])
        scaling.finalize_state()
    normalize_by(network, taken)
    network.save(tmp_path / "theirs.h5")
    card = registry.pretrained_card(f"{name}.keras_in1k")
    model = build(
        name,
        input_shape=SIZE,
        num_classes=10,
        weights=tmp_path / "theirs.h5",
        preprocessing=asdict(card.preprocessing),
        **card.arguments,
    )
    expected = np.asarray(network(taken))
    assert np.ptp(expected, axis=0).max() > 1e-3 * np.abs(expected).max()  # between the images
    assert_close(model(pixels), expected, what=name)
