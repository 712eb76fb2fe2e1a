"""wav2vec 2.0 against transformers: its feature extractor, and the network with the same numbers."""

import keras
import numpy as np
import pytest

from tests.parity.timm_models import assert_close, randomized, torch
from zoo import registry
from zoo.cards import WaveformPreprocessing
from zoo.columns import Audio
from zoo.columns.assets import Assets
from zoo.columns.modalities import input_of
from zoo.composition import build
from zoo.models.speech.wav2vec2 import wav2vec2
from zoo.preprocessing import front_layers, preprocessing_of
from zoo.pretrained.conversion import NOT_NEEDED, OF_THE_HEAD, converted
from zoo.pretrained.maps.wav2vec2 import MAPS
from zoo.weights import load_into

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
TINY = {"num_layers": 2, "num_heads": 2, "position_frames": 16, "position_groups": 4}
LATENTS, WIDTH = 12, 16


def reference(kind="Wav2Vec2Model", **values):
    """Return transformers' network of a tiny shape with random numbers."""
    config = transformers.Wav2Vec2Config(
        conv_dim=(LATENTS,) * 7, hidden_size=WIDTH, intermediate_size=4 * WIDTH,
        num_hidden_layers=2, num_attention_heads=2, num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4, num_codevectors_per_group=4, codevector_dim=8,
        proj_codevector_dim=8, vocab_size=9, attn_implementation="eager", **values,
    )  # fmt: skip
    return randomized(getattr(transformers, kind)(config), gain=2.0)


def numbers_of(network):
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


def ours_of(tensors, samples=None):
    sizes = {"latent_dim": LATENTS, "hidden_dim": WIDTH, **TINY}
    model = wav2vec2(input_shape=(samples,), **sizes)
    placed = converted(model, tensors, MAPS, source="the reference", headless=True)
    load_into(model, placed.tensors)
    return model, placed


def clips(count=3, samples=4_000, seed=1):
    return np.random.default_rng(seed).normal(size=(count, samples)).astype("float32")


@pytest.mark.parametrize("samples", [4_000, 5_123])
def test_network_equals_that_of_transformers(samples):
    network, audio = reference(), clips(samples=samples)
    model, _ = ours_of(numbers_of(network))
    with torch.no_grad():
        theirs = network(torch.tensor(audio))
    ours = model(audio)
    assert_close(ours["latents"], theirs.extract_features, what="latents")
    assert_close(ours["frames"], theirs.last_hidden_state, what="frames")
    assert ours["frames"].shape[1] == 1 + (samples - 400) // 320


def test_a_file_of_pretraining_loads_without_what_only_pretraining_uses():
    network, audio = reference("Wav2Vec2ForPreTraining"), clips()
    model, placed = ours_of(numbers_of(network))
    assert set(placed.left_out.values()) == {NOT_NEEDED}
    assert {name.partition(".")[0] for name in placed.left_out} == {
        "wav2vec2", "quantizer", "project_q", "project_hid",
    }  # fmt: skip
    with torch.no_grad():
        expected = network.wav2vec2(torch.tensor(audio)).last_hidden_state
    assert_close(model(audio)["frames"], expected, what="frames")


def test_a_file_with_a_ctc_head_and_names_of_older_pytorch_loads_without_the_head():
    network, audio = reference("Wav2Vec2ForCTC"), clips()
    old = {"parametrizations.weight.original0": "weight_g"}
    old |= {"parametrizations.weight.original1": "weight_v"}
    tensors = numbers_of(network)
    for new, name in old.items():
        place = f"wav2vec2.encoder.pos_conv_embed.conv.{new}"
        tensors[place.replace(new, name)] = tensors.pop(place)
    model, placed = ours_of(tensors)
    head = {name for name, why in placed.left_out.items() if why == OF_THE_HEAD}
    assert head == {"lm_head.weight", "lm_head.bias"}
    with torch.no_grad():
        expected = network.wav2vec2(torch.tensor(audio)).last_hidden_state
    assert_close(model(audio)["frames"], expected, what="frames")


def test_clips_are_normalized_as_by_the_feature_extractor():
    audio = 0.05 * clips(2, 3_000) + 0.01
    audio[1] = 0  # silence stays silent
    extractor = transformers.Wav2Vec2FeatureExtractor()
    expected = extractor(list(audio), sampling_rate=16_000, return_tensors="np")["input_values"]
    values = registry.model_card("wav2vec2_base").preprocessing
    found = np.asarray(front_layers({"audio": values})["audio"](audio))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert front_layers({"audio": WaveformPreprocessing(sample_rate_hz=16_000)}) == {}


def test_padded_batches_are_heard_as_transformers_hears_them():
    """The extractor pads what it normalized with zeros and gives no mask: padding is attended to."""
    network, (long, short) = reference(), (clips(1, 4_000)[0], clips(1, 2_500, seed=2)[0])
    extractor = transformers.Wav2Vec2FeatureExtractor()
    batch = extractor([long, short], sampling_rate=16_000, padding=True, return_tensors="pt")
    assert set(batch) == {"input_values"}
    with torch.no_grad():
        expected = network(**batch).last_hidden_state
    model, _ = ours_of(numbers_of(network))
    found = np.asarray(model(batch["input_values"].numpy())["frames"])
    assert_close(found, expected, what="padded batch")
    alone = np.asarray(model(batch["input_values"].numpy()[1:, :2_500])["frames"])
    assert np.abs(found[1:, : alone.shape[1]] - alone).max() > 1e-3


def test_a_model_by_name_takes_samples_whatever_a_task_says_of_mel_bins():
    card = registry.model_card("wav2vec2_base")
    model = build(card.name, input_shape=(2_400,), num_classes=3, **card.tiny_arguments)
    audio = clips(2, 2_400)
    np.testing.assert_allclose(model(audio), model(7 * audio + 3), atol=1e-4)
    assert model.get_layer("backbone").input_shape == (None, 2_400)
    assert isinstance(model.get_layer("preprocessing"), keras.layers.LayerNormalization)
    assert input_of(card, (2_400,))["audio"].sample_rate_hz == 16_000
    own = {"log_mel": {"sample_rate_hz": 16_000, "num_mels": 40}}
    column = Audio(16_000, 2_400, preprocessing=own)
    assert preprocessing_of(card, Assets({"audio": column}, {})) == {"audio": card.preprocessing}
