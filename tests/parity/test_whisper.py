"""Whisper against transformers: log-mel features, and the network with the same random numbers."""

import keras
import numpy as np
import pytest

from tests.parity.timm_models import assert_close, randomized, torch
from zoo.catalog.speech.whisper import LOG_MEL
from zoo.decoding.encoder_decoder import Writer, beam_search, greedy
from zoo.layers.log_mel import LogMel
from zoo.models.speech.whisper import whisper
from zoo.pretrained.conversion import converted
from zoo.pretrained.maps.whisper import MAPS
from zoo.weights import load_into

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
SECONDS, RATE = 30, 16_000
TINY = {"vocabulary_size": 97, "context_length": 12, "num_layers": 2, "num_heads": 2}
FRAMES, WIDTH = 40, 16
LENGTH = TINY["context_length"]


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


@pytest.mark.parametrize("seed", [0, 1])
def test_beam_search_finds_the_texts_of_transformers(seed):
    """All texts, with their sums, for eight inputs in one batch, against two references.

    One goes by the rules of Whisper's code with transformers' network and no cache. The other is
    transformers' own search: with `early_stopping=True` it takes the first K texts that end, and without
    a length penalty its scores are sums of log probabilities, so that both define the same but for two
    rules. An end counts only among the likeliest K continuations, not before the K-th that goes on; and
    where fewer than K have ended at the longest length, texts that have not ended push out those that
    have. It is left out where either rule has a say.
    """
    network, generator = reference(seed), np.random.default_rng(seed)
    backbone = ours_of(network)
    inputs = {
        name: keras.Input(x.shape[1:], dtype=x.dtype, name=name)
        for name, x in backbone.input.items()
    }
    writer = Writer(keras.Model(inputs, backbone(inputs)["logits"]), length=LENGTH)
    mel = generator.normal(size=(8, FRAMES, 8)).astype("float32")
    prompt = np.array([[2, 5]] * len(mel), "int32")
    end = int(np.bincount(np.concatenate(greedy(writer, mel, prompt))).argmax())  # often likely
    compared = 0
    for beam in (2, 4):
        writing = writer.begin(mel)
        logits = writer.write(writing, prompt)[:, -1]
        ours = beam_search(writer, writing, logits, beam=beam, end=end, longest=LENGTH - 2)
        theirs = searched(network, mel, prompt, beam=beam, end=end)
        for i, found in enumerate(ours):
            expected, late = by_hand(network, mel[i : i + 1], prompt[i], beam=beam, end=end)
            assert_same(found, expected)
            if not late and all(end in ids for ids, _ in theirs[i]):
                compared += 1
                assert_same(found, [(ids[: ids.index(end)], total) for ids, total in theirs[i]])
    assert compared >= 4


def assert_same(found, expected):
    """Compare texts and sums, the likeliest first."""
    found = sorted(found, key=lambda one: -one.log_probability)
    expected = sorted(expected, key=lambda one: -one[1])
    assert [one.ids for one in found] == [ids for ids, _ in expected]
    sums = [one.log_probability for one in found]
    np.testing.assert_allclose(sums, [total for _, total in expected], atol=1e-4)


def by_hand(network, mel, prompt, *, beam, end):
    """Return the K texts of an input with their nats, and whether an end came behind K others."""
    beams, ended, late = [((), 0.0)], [], False
    with torch.no_grad():
        frames = network.model.encoder(torch.tensor(mel.swapaxes(1, 2))).last_hidden_state
        for _ in range(LENGTH - len(prompt)):
            ids = torch.tensor([[*prompt.tolist(), *text] for text, _ in beams])
            states = (frames.expand(len(ids), -1, -1),)
            logits = network(encoder_outputs=states, decoder_input_ids=ids).logits[:, -1]
            values, tokens = torch.log_softmax(logits, -1).topk(beam + 1)
            longer = [
                ((*text, token), total + value)
                for (text, total), row, ids in zip(
                    beams, values.tolist(), tokens.tolist(), strict=True
                )
                for value, token in zip(row, ids, strict=True)
            ]
            beams = []
            for rank, (text, total) in enumerate(sorted(longer, key=lambda one: -one[1])):
                if text[-1] != end:
                    beams.append((text, total))
                elif len(ended) < beam:
                    ended.append((text[:-1], total))
                    late |= rank >= beam
                if len(beams) == beam:
                    break
            if len(ended) == beam:
                break
    return (ended + beams)[:beam], late


def searched(network, mel, prompt, *, beam, end):
    """Return the K texts of each input that transformers finds, as ids and the sum of their nats."""
    network.generation_config.update(
        pad_token_id=end, eos_token_id=end, suppress_tokens=None, begin_suppress_tokens=None,
        forced_decoder_ids=None,
    )  # fmt: skip
    with torch.no_grad():
        found = transformers.GenerationMixin.generate(
            network, torch.tensor(mel.swapaxes(1, 2)),
            decoder_input_ids=torch.tensor(prompt, dtype=torch.long), max_length=LENGTH,
            num_beams=beam, num_return_sequences=beam, do_sample=False, early_stopping=True,
            length_penalty=0.0, return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
    texts = [tuple(ids) for ids in found.sequences[:, prompt.shape[1] :].tolist()]
    both = list(zip(texts, found.sequences_scores.tolist(), strict=True))
    return [both[i * beam : (i + 1) * beam] for i in range(len(mel))]


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
