"""Whisper base with its real numbers: the ids of transformers' network, and what is not said."""

import csv
import io
import json
import tarfile

import numpy as np
import pytest
import soundfile

from tests.parity.real_files import corpus, fetched_file
from zoo.decoding.signs import Signs
from zoo.published_tokenizer import PublishedTokenizer

CLIPS = 3
RATE = 16_000


@pytest.fixture(scope="module")
def tokenizer():
    """The tokenizer of Whisper base."""
    path = fetched_file("whisper_base", "tokenizer.json")
    return PublishedTokenizer(path.read_text(encoding="utf-8"))


def clips():
    """Return the texts and sounds of the first test clips of AN4."""
    folder = corpus("an4")
    with (folder / "transcripts.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["split"] == "test"]
    with tarfile.open(folder / "flac16k.tar") as tar:
        for row in rows[:CLIPS]:
            data = tar.extractfile(row["file"]).read()
            yield row["text"], soundfile.read(io.BytesIO(data), dtype="float32")[0]


def test_what_is_not_said_is_what_the_authors_leave_out(tokenizer):
    stated = json.loads(fetched_file("whisper_base", "config.json").read_text())
    signs = Signs.of(tokenizer)
    assert set(signs.not_said) == set(stated["suppress_ids"])
    assert [signs.blank, signs.end] == stated["suppress_ids_begin"]
    assert sorted(signs.languages.values()) == stated["lang_ids"]
    assert signs.first_time == 50_364


@pytest.mark.slow
def test_ids_are_those_of_transformers(tokenizer):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install .[parity]")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    from zoo import registry
    from zoo.composition import build
    from zoo.decoding.encoder_decoder import Writer
    from zoo.decoding.transcription import hear
    from zoo.pretrained.loading import load_file, numbers_of

    file, signs = fetched_file("whisper_base", "model.safetensors"), Signs.of(tokenizer)
    model = build("whisper_base")
    load_file(model, file, registry.model_card("whisper_base"))
    writer = Writer(model, length=232)
    config = transformers.WhisperConfig(
        d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8,
        decoder_attention_heads=8, encoder_ffn_dim=2048, decoder_ffn_dim=2048,
    )  # fmt: skip
    network = transformers.WhisperForConditionalGeneration(config).eval()
    numbers = {name: torch.tensor(array) for name, array in numbers_of(file).items()}
    network.load_state_dict(numbers, strict=False)
    network.tie_weights()
    extractor = transformers.WhisperFeatureExtractor()
    for _, audio in clips():
        padded = np.pad(audio, (0, 30 * RATE - len(audio)))
        found = hear(writer, padded, signs, language="en", times=False).ids.tolist()
        features = extractor(audio, sampling_rate=RATE, return_tensors="pt").input_features
        expected = greedy(torch, network, features, signs)
        assert found == expected, (tokenizer.decode(found), tokenizer.decode(expected))


def greedy(torch, network, features, signs):
    """Return the likeliest ids of transformers' network, without a cache."""
    prompt = [signs.start, signs.languages["en"], signs.transcribe, signs.no_times]
    ids: list[int] = []
    with torch.no_grad():
        frames = network.model.encoder(features).last_hidden_state
        while len(ids) < 100:
            logits = network(
                encoder_outputs=(frames,), decoder_input_ids=torch.tensor([prompt + ids])
            ).logits[0, -1]
            logits[list(signs.suppressed)] = -float("inf")
            logits[signs.first_time :] = -float("inf")
            if not ids:
                logits[[signs.blank, signs.end]] = -float("inf")
            chosen = int(logits.argmax())
            if chosen == signs.end:
                return ids
            ids.append(chosen)
    raise AssertionError("the reference does not end")
