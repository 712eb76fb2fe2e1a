"""Text backbones: padding makes no difference, lengths may vary, sizes are the published ones."""

from functools import partial

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.complexity import shapes_only
from zoo.models.text.bert import bert
from zoo.models.text.dan import dan
from zoo.models.text.dpcnn import HalvingMax, dpcnn
from zoo.models.text.fasttext import fasttext
from zoo.models.text.rnn import rnn
from zoo.models.text.textcnn import MaxOverTime, textcnn
from zoo.models.text.transformer_encoder import transformer_encoder

WORDS = 30
bilstm, bigru = rnn, partial(rnn, cell="gru")


def tiny(builder, **arguments):
    sizes = {
        textcnn: {"embedding_dim": 6, "num_filters": 5},
        bilstm: {"embedding_dim": 6, "hidden_dim": 4, "num_layers": 2},
        bigru: {"embedding_dim": 6, "hidden_dim": 4, "num_layers": 2},
        transformer_encoder: {"hidden_dim": 8, "context_length": 40},
        bert: {"hidden_dim": 8, "context_length": 40, "num_layers": 2, "num_heads": 2},
        fasttext: {"embedding_dim": 6, "num_buckets": 50},
        dan: {"embedding_dim": 6, "hidden_dim": 12},
        dpcnn: {"embedding_dim": 6, "num_filters": 8, "num_blocks": 3},
    }
    keras.utils.set_random_seed(3)
    return builder(vocabulary_size=WORDS, **sizes[builder] | arguments)


BUILDERS = (textcnn, bilstm, bigru, transformer_encoder, bert, fasttext, dan, dpcnn)
every_builder = pytest.mark.parametrize("builder", BUILDERS)


def drawn_ids(*lengths, width=None, seed=0):
    """Return ids of texts of the given lengths, padded with 0 to one width."""
    generator = np.random.default_rng(seed)
    ids = np.zeros((len(lengths), width or max(lengths)), "int32")
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = generator.integers(1, WORDS, length)
    return ids


def outputs(model, ids, **arguments):
    return {name: np.asarray(value) for name, value in model(ids, **arguments).items()}


@every_builder
@pytest.mark.parametrize("more", [1, 2, 9])
def test_padding_makes_no_difference(builder, more):
    model, ids = tiny(builder), drawn_ids(7, 1, 2, 4)
    padded = np.pad(ids, ((0, 0), (0, more)))
    short, long = outputs(model, ids), outputs(model, padded)
    np.testing.assert_allclose(long["pooled"], short["pooled"], atol=1e-6)
    if "tokens" in short:
        text = ids != 0
        np.testing.assert_allclose(
            long["tokens"][:, : ids.shape[1]][text], short["tokens"][text], atol=1e-6
        )


@every_builder
def test_a_text_does_not_see_what_it_is_batched_with(builder):
    model, ids = tiny(builder), drawn_ids(6, 3, 1)
    together = outputs(model, ids)["pooled"]
    for row, length in enumerate((6, 3, 1)):
        alone = outputs(model, ids[row : row + 1, :length])["pooled"]
        np.testing.assert_allclose(alone[0], together[row], atol=1e-6)


@every_builder
def test_the_padding_vector_is_never_used(builder):
    model, ids = tiny(builder), drawn_ids(6, 3)
    before = outputs(model, ids)["pooled"]
    table = next(layer for layer in model.layers if layer.name == "embedding").embeddings
    values = np.array(table)
    values[0] = 100.0
    table.assign(values)
    np.testing.assert_allclose(outputs(model, ids)["pooled"], before, atol=1e-6)


@every_builder
def test_every_word_counts_and_so_does_their_order(builder):
    model, ids = tiny(builder), drawn_ids(8)
    changed = np.repeat(ids, 9, axis=0)
    for place in range(8):
        changed[place, place] = ids[0, place] % (WORDS - 1) + 1
    changed[8] = ids[0, ::-1]
    change = np.abs(outputs(model, changed)["pooled"] - outputs(model, ids)["pooled"])
    assert change.max(axis=1)[:8].min() > 1e-6
    assert (change[8].max() > 1e-6) == (builder is not dan)  # which takes a mean of words


@every_builder
def test_padding_alone_gives_finite_features(builder):
    assert np.isfinite(outputs(tiny(builder), np.zeros((2, 5), "int32"))["pooled"]).all()


@every_builder
def test_outputs_are_named_and_shaped_as_the_contract_says(builder):
    model, ids = tiny(builder), drawn_ids(5, 2)
    values = outputs(model, ids)
    assert list(values)[-1] == "pooled"
    assert values["pooled"].shape == (2, model.output["pooled"].shape[-1])
    if "tokens" in values:
        assert values["tokens"].shape == (2, 5, values["pooled"].shape[-1])
    assert model.input_shape == (None, None)
    assert len({layer.name for layer in model.layers}) == len(model.layers)


@every_builder
def test_dropout_acts_in_training_only(builder):
    knobs = {"embedding_dropout_rate": 0.5}
    if builder not in (textcnn, fasttext, dpcnn):
        knobs["layer_dropout_rate"] = 0.5
    for knob, rate in knobs.items():
        model, ids = tiny(builder, **{knob: rate}), drawn_ids(6, 4)
        without = tiny(builder)
        without.set_weights(model.get_weights())
        plain = outputs(without, ids)["pooled"]
        np.testing.assert_array_equal(outputs(model, ids)["pooled"], plain)
        noisy = outputs(model, ids, training=True)["pooled"]
        assert np.abs(noisy - plain).max() > 1e-4, knob


@every_builder
def test_a_saved_backbone_loads_to_the_same(builder, tmp_path):
    model, ids = tiny(builder, embedding_dropout_rate=0.1), drawn_ids(5, 2)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(outputs(again, ids)["pooled"], outputs(model, ids)["pooled"])


# --- TextCNN


def textcnn_by_loop(model, ids, widths):
    """Return the maximum of relu(filter · window) over windows that touch the text, in loops."""
    tensors = {layer.name: [np.asarray(w) for w in layer.weights] for layer in model.layers}
    vectors, maxima = tensors["embedding"][0][ids], []
    for width in widths:
        kernel, bias = tensors[f"width{width}_conv"]
        zeros = np.zeros((width - 1, vectors.shape[1]), "float32")
        padded = np.concatenate([zeros, vectors, zeros])
        windows = [padded[i : i + width] for i in range(len(ids) + width - 1)]
        values = [np.einsum("wd,wdf->f", window, kernel) + bias for window in windows]
        maxima.append(np.maximum(np.max(values, axis=0), 0))
    return np.concatenate(maxima)


@pytest.mark.parametrize("length", [1, 2, 3, 8])
@pytest.mark.parametrize("widths", [(3, 4, 5), (1, 2), (7,)])
def test_textcnn_is_that_of_a_plain_loop(length, widths):
    model = tiny(textcnn, filter_widths=widths)
    for layer in model.layers:
        if layer.name.endswith("_conv"):
            layer.bias.assign(np.linspace(-0.1, 0.1, 5))
    ids = drawn_ids(length, width=length + 3)
    expected = textcnn_by_loop(model, ids[0, :length], widths)
    np.testing.assert_allclose(outputs(model, ids)["pooled"][0], expected, atol=1e-5)


def test_textcnn_has_the_papers_size():
    """1408.5882 §3.1: 300 dimensions, widths 3, 4, 5 with 100 maps each, two classes."""
    with shapes_only():
        model = textcnn(vocabulary_size=7)
    head = keras.layers.Dense(2)
    head.build(model.output["pooled"].shape)
    assert model.count_params() + head.count_params() - 7 * 300 == 360_902


def test_a_maximum_leaves_out_windows_of_padding():
    maps = np.float32([[[1], [2], [3], [9]]])  # windows of two over three tokens
    is_text = np.array([[True, True, False]])
    assert np.asarray(MaxOverTime(2)(maps, is_text)).tolist() == [[3]]


# --- recurrent networks


@pytest.mark.parametrize(("builder", "gates"), [(bilstm, 4), (bigru, 3)])
def test_recurrent_layers_have_the_papers_size(builder, gates):
    model = builder(vocabulary_size=7, embedding_dim=10, hidden_dim=6)
    biases = 1 if builder is bilstm else 2  # Keras' GRU has one for inputs and one for the state
    one_way = gates * 6 * (10 + 6 + biases)
    assert model.count_params() == 7 * 10 + 2 * one_way


def test_pooling_is_the_maximum_over_the_words_alone():
    model, ids = tiny(bilstm), drawn_ids(6, 3)
    values = outputs(model, ids)
    for row, length in enumerate((6, 3)):
        expected = values["tokens"][row, :length].max(axis=0)
        np.testing.assert_allclose(values["pooled"][row], expected, atol=1e-6)


# --- transformer encoders


def blocks(model):
    return sum(x.count_params() for x in model.layers if x.name.startswith("block"))


@pytest.mark.parametrize(
    ("name", "published", "layers", "width"),
    [
        # BERT-Tiny and BERT-Mini as released, 30,522 word pieces
        ("transformer_encoder_tiny", 4_385_920, 2, 128),
        ("transformer_encoder_small", 11_170_560, 4, 256),
    ],
)
def test_blocks_are_as_large_as_those_of_bert(name, published, layers, width):
    embeddings = (30_522 + 512 + 2) * width + 2 * width  # words, positions, types, norm
    pooler = width * width + width
    with shapes_only():
        model = transformer_encoder(vocabulary_size=7, **registry.model_card(name).arguments)
    assert blocks(model) == published - embeddings - pooler
    named = {layer.name for layer in model.layers}
    assert f"block{layers}_attention" in named and f"block{layers + 1}_attention" not in named


def test_the_mean_is_over_the_words_alone():
    model, ids = tiny(transformer_encoder), drawn_ids(6, 3)
    values = outputs(model, ids)
    for row, length in enumerate((6, 3)):
        expected = values["tokens"][row, :length].mean(axis=0)
        np.testing.assert_allclose(values["pooled"][row], expected, atol=1e-6)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="num_heads=3 does not divide hidden_dim=8"):
        tiny(transformer_encoder, num_heads=3)


# --- bags of words


def test_fasttext_without_runs_is_a_mean_of_words():
    model, ids = tiny(fasttext, longest_ngram=1), drawn_ids(6, 3)
    table = np.asarray(model.get_layer("embedding").embeddings)
    assert len(table) == WORDS
    for row, length in enumerate((6, 3)):
        expected = table[ids[row, :length]].mean(axis=0)
        np.testing.assert_allclose(outputs(model, ids)["pooled"][row], expected, atol=1e-6)


def test_dan_leaves_whole_words_out_of_the_mean():
    rate, ids = 0.4, np.arange(1, 9, dtype="int32")[None].repeat(2000, axis=0)
    model = tiny(dan, embedding_dim=8, num_layers=0, token_dropout_rate=rate)
    table = np.zeros((WORDS, 8), "float32")
    table[1:9] = np.eye(8)  # so that the mean tells which words are in it
    model.get_layer("embedding").embeddings.assign(table)
    means = outputs(model, ids, training=True)["pooled"]
    kept = means > 0
    assert kept.mean() == pytest.approx(1 - rate, abs=0.02)
    some = kept.any(axis=1)
    np.testing.assert_allclose(means[some].sum(axis=1), 1, atol=1e-5)  # a mean over the rest
    assert not means[~some].any()


# --- deep pyramid CNN


def test_windows_start_at_every_second_word_and_see_no_padding():
    x = np.float32([[[1], [5], [2], [-3], [-4], [9]]])
    is_text = np.array([[True] * 5 + [False]])
    halved, begins = HalvingMax()(x, is_text)
    assert np.asarray(halved)[0, :, 0].tolist() == [5, 2, -4]  # 1 5 2, then 2 -3 -4, then -4
    assert np.asarray(begins).tolist() == [[True, True, True]]


def test_dpcnn_has_fifteen_weight_layers():
    with shapes_only():
        model = dpcnn(vocabulary_size=7)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D)]
    assert len(convolutions) == 15
    assert {layer.filters for layer in convolutions} == {250}
