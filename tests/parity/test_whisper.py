"""Whisper against transformers: log-mel features, and the network with the same random numbers."""

import numpy as np
import pytest

from tests.parity.timm_models import assert_close, randomized, torch
from zoo.catalog.speech.whisper import LOG_MEL
from zoo.layers.log_mel import LogMel
from zoo.models.speech.whisper import whisper
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.whisper import MAPS
from zoo.weights import load_into

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
SECONDS, RATE = 30, 16_000
TINY = {"vocabulary_size": 97, "context_length": 12, "num_layers": 2, "num_heads": 2}
FRAMES, WIDTH = 40, 16


def speech_like(seconds, *, seed=0, loudness=0.3):
    """A chirp whose loudness changes, in faint noise."""
    generator = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    tone = np.sin(2 * np.pi * (150 * time + 90 * time**2)) * np.abs(np.sin(3 * time))
    return (loudness * (tone + 0.003 * generator.normal(size=len(time)))).astype("float32")


@pytest.mark.parametrize("seconds, loudness", [(30, 0.9), (7.3, 0.3), (1, 0.001), (2, 0)])
def test_features_are_those_of_transformers(seconds, loudness):
    audio = speech_like(seconds, loudness=loudness)
    extractor = transformers.WhisperFeatureExtractor()
    expected = extractor(audio, sampling_rate=RATE, return_tensors="np")["input_features"]
    padded = np.pad(audio, (0, SECONDS * RATE - len(audio)))
    found = np.asarray(LogMel(**LOG_MEL)(padded[None])).swapaxes(1, 2)
    assert found.shape == expected.shape == (1, 80, 3000)
    assert np.abs(found - expected).max() <= 1e-4


def reference(seed=0):
    """Return transformers' network of a tiny shape with random numbers."""
    config = transformers.WhisperConfig(
        vocab_size=TINY["vocabulary_size"], num_mel_bins=8, d_model=WIDTH,
        max_source_positions=FRAMES // 2, max_target_positions=TINY["context_length"],
        encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=4 * WIDTH, decoder_ffn_dim=4 * WIDTH,
        pad_token_id=0, bos_token_id=1, eos_token_id=1, decoder_start_token_id=2,
        suppress_tokens=None, begin_suppress_tokens=None, attn_implementation="eager",
    )  # fmt: skip
    network = transformers.WhisperForConditionalGeneration(config)
    randomized(network, seed, gain=1.0)
    network.tie_weights()
    return network.eval()


def ours_of(network, *, prefix=""):
    model = whisper(input_shape=(FRAMES, 8), hidden_dim=WIDTH, **TINY)
    tensors = {
        name.removeprefix(prefix): tensor.numpy()
        for name, tensor in network.state_dict().items()
        if name.startswith(prefix)
    }
    load_into(model, converted(model, tensors, MAPS, source="the reference").tensors)
    return model


@pytest.mark.parametrize("prefix", ["", "model."])
def test_network_equals_that_of_transformers(prefix):
    network, generator = reference(), np.random.default_rng(1)
    model = ours_of(network, prefix=prefix)
    mel = generator.normal(size=(3, FRAMES, 8)).astype("float32")
    ids = generator.integers(0, TINY["vocabulary_size"], (3, 7)).astype("int32")
    with torch.no_grad():
        theirs = network(
            input_features=torch.tensor(mel.swapaxes(1, 2)),
            decoder_input_ids=torch.tensor(ids, dtype=torch.long),
            output_hidden_states=True,
        )
    ours = model({"audio": mel, "ids": ids})
    assert_close(ours["frames"], theirs.encoder_last_hidden_state, what="frames")
    assert_close(ours["tokens"], theirs.decoder_hidden_states[-1], what="tokens")
    assert_close(ours["logits"], theirs.logits, what="logits")


def test_sinusoids_of_a_new_network_are_those_of_transformers():
    config = transformers.WhisperConfig(
        d_model=24, max_source_positions=50, encoder_layers=1, encoder_ffn_dim=8,
        encoder_attention_heads=2,
    )  # fmt: skip
    theirs = transformers.models.whisper.modeling_whisper.WhisperEncoder(config)
    ours = whisper(input_shape=(100, 80), num_layers=1, num_heads=2, hidden_dim=24)
    (table,) = ours.get_layer("frame_positions").weights
    expected = theirs.embed_positions.weight.detach().numpy()
    np.testing.assert_allclose(np.asarray(table), expected, atol=1e-5)
    assert not table.trainable
