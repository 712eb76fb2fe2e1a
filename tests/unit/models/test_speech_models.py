"""Speech backbones: the published sizes and costs, and what only they do."""

import math
from collections.abc import Mapping

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.cards import WaveformPreprocessing
from zoo.catalog.speech import MODELS
from zoo.complexity import count_params, multiply_adds, shapes_only
from zoo.heads.classification import classification_head
from zoo.layers.log_mel import LogMel
from zoo.models.speech.crnn import crnn
from zoo.models.speech.ds_cnn import ds_cnn


def classifier(backbone, num_classes):
    mel = keras.Input(backbone.input_shape[1:])
    return keras.Model(mel, classification_head(backbone(mel), num_classes))


def sized(size):
    return ds_cnn(**registry.model_card(f"ds_cnn_{size}").arguments)


# Parameters and million operations as printed in 1711.07128, table 5 and figure 6, for 12 classes.
@pytest.mark.parametrize(
    "size, params, million_ops", [("s", 23_756, 5.4), ("m", 138_128, 19.8), ("l", 416_772, 56.9)]
)
def test_ds_cnn_has_the_published_parameters_and_operations(size, params, million_ops):
    with shapes_only():
        model = classifier(sized(size), 12)
        macs = multiply_adds(model)
    assert count_params(model) == params
    # They count a multiplication and an addition each, and one addition for each bias.
    biases = sum(
        math.prod(layer.output.shape[1:])
        for layer in model.layers[1].layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D)
    )
    assert round((2 * macs + biases) / 1e6, 1) == million_ops


def test_ds_cnn_s_has_the_published_multiply_adds():
    assert registry.measured()["ds_cnn_s"]["macs"] == 2_656_768


@pytest.mark.parametrize(
    "size, shapes",
    [
        ("s", [(25, 5, 64)] * 5),
        ("m", [(25, 10, 172), *[(13, 5, 172)] * 4]),
        ("l", [(25, 10, 276), *[(13, 5, 276)] * 5]),
    ],
)
def test_ds_cnn_names_its_stem_and_blocks_the_deepest_last(size, shapes):
    with shapes_only():
        features = sized(size).output
    assert list(features) == ["stem", *(f"block_{i}" for i in range(1, len(shapes)))]
    assert [tensor.shape[1:] for tensor in features.values()] == shapes


def test_ds_cnn_takes_clips_of_any_length():
    backbone = ds_cnn(input_shape=(None, 10))
    assert multiply_adds(ds_cnn(input_shape=(98, 10))) > multiply_adds(ds_cnn())
    for frames in (20, 49):
        assert backbone(np.zeros((1, frames, 10), "float32"))["block_4"].shape[1] == -(-frames // 2)


def test_ds_cnn_drops_whole_channels_in_training_only():
    backbone = ds_cnn(input_shape=(20, 10), activation="silu", dropout_rate=0.5)
    mel = np.random.default_rng(0).normal(size=(8, 20, 10)).astype("float32")
    trained = np.asarray(backbone(mel, training=True)["block_4"])
    silent = (trained == 0).all(axis=(1, 2))  # (B, channels)
    assert 0.3 < silent.mean() < 0.7
    assert not (np.asarray(backbone(mel)["block_4"]) == 0).all(axis=(1, 2)).any()


def test_crnn_has_the_parameters_of_the_paper():
    """1703.05390 §3.2 gives 229 thousand for 1.5 s of 40 bins and two classes."""
    with shapes_only():
        assert count_params(classifier(crnn(), 2)) == 229_474


def test_the_front_of_each_card_gives_the_input_that_its_paper_has():
    frames = {"crnn": (151, 40), "ds_cnn": (49, 10), "tc_resnet": (98, 40), "kwt": (98, 40)}
    frames |= {"matchboxnet": (128, 64), "bc_resnet": (101, 40), "ge2e": (160, 40)}
    frames |= {"x_vector": (298, 24), "ecapa_tdnn": (298, 80), "quartznet": (998, 64)}
    frames |= {"whisper": (3000, 80), "conformer": (998, 80), "deep_speech2": (998, 80)}
    for card in MODELS:
        own = card.preprocessing
        if isinstance(own, WaveformPreprocessing):
            continue
        layer = LogMel(**(own["audio"] if isinstance(own, Mapping) else own).log_mel)
        expected = frames[card.family]
        assert layer.compute_output_shape((None, *card.input_shape))[1:] == expected
        tiny = layer.compute_output_shape((None, *card.tiny_input_shape))
        assert tiny[1] >= 6


def test_crnn_reads_in_both_directions():
    backbone = crnn(input_shape=(64, 10), num_filters=4, hidden_dim=3, num_layers=1, features_dim=5)
    mel = np.random.default_rng(0).normal(size=(1, 64, 10)).astype("float32")
    changed = mel.copy()
    changed[:, -8:] += 1  # the end is heard in the backward half of the first frame, and only there
    before, after = (np.asarray(backbone(m)["frames"])[0, 0] for m in (mel, changed))
    np.testing.assert_array_equal(before[:3], after[:3])
    assert (before[3:] != after[3:]).all()


def test_crnn_drops_out_where_a_preset_says_so():
    backbone = crnn(
        input_shape=(64, 10), num_filters=4, hidden_dim=3, features_dim=5, layer_dropout_rate=0.3
    )
    rates = [layer.rate for layer in backbone.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.3] * 3


def test_deep_speech2_hears_nothing_of_padding():
    from zoo.models.speech.deep_speech2 import deep_speech2

    keras.utils.set_random_seed(1)
    model = deep_speech2(
        input_shape=(None, 9), num_filters=3, kernel_size=5, hidden_dim=4, num_layers=2
    )
    generator = np.random.default_rng(0)
    for frames in (13, 16):
        mel = generator.normal(size=(2, frames, 9)).astype("float32")
        expected = model(mel, training=True)
        for margin in (1, 6):
            found = model(np.pad(mel, [(0, 0), (0, margin), (0, 0)]), training=True)
            for name, values in expected.items():
                size = values.shape[1]
                assert size == math.ceil(frames / 4)
                np.testing.assert_allclose(found[name][:, :size], values, atol=1e-5)
    with pytest.raises(ValueError, match="is even"):
        deep_speech2(kernel_size=4)
