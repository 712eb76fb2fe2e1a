"""Sentence vectors of published weights equal those of the reference on real sentences."""

import csv
import gzip

import numpy as np
import pytest

from recipes.runs.run import load_run
from tests.parity.real_files import corpus, fetched_file
from tests.parity.timm_models import torch
from zoo.weight_conversion import added

transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install .[parity]"
)
SENTENCES, BATCH = 1000, 50


def stsb_sentences():
    """Return 1,000 sentences of the test set of STS-B."""
    path = corpus("sentence_pairs") / "stsb-en-test.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    return [sentence for row in rows for sentence in row[:2]][:SENTENCES]


def their_vectors(folder, texts):
    """Return the mean over tokens, of length 1, as the modules of sentence-transformers give it."""
    network = transformers.BertModel.from_pretrained(folder).eval()
    tokenizer = transformers.BertTokenizer.from_pretrained(folder)
    found = []
    for start in range(0, len(texts), BATCH):
        given = tokenizer(
            texts[start : start + BATCH],
            padding=True,
            truncation=True,
            max_length=256,
            return_tensors="pt",
        )
        with torch.no_grad():
            tokens = network(**given).last_hidden_state
        mask = given["attention_mask"][..., None]
        mean = (tokens * mask).sum(1) / mask.sum(1)
        found.append(torch.nn.functional.normalize(mean).numpy())
    return np.concatenate(found)


@pytest.mark.slow
def test_minilm_gives_the_vectors_of_the_reference(tmp_path, monkeypatch):
    folder = fetched_file("minilm", "model.safetensors").parent
    texts = [*stsb_sentences()[:-2], "word " * 600, "naïve 中文 👩‍👩‍👧"]
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path))
    added("minilm_l6.all_v2", folder)
    found = load_run("minilm_l6.all_v2").embed(texts)
    expected = their_vectors(folder, texts)
    cosines = (found * expected).sum(1)
    print(f"lowest cosine of {len(texts):,}: {cosines.min():.7f}")
    print(f"largest difference: {np.abs(found - expected).max():.1e}")
    assert found.shape == (SENTENCES, 384)
    assert cosines.min() >= 0.99999
    np.testing.assert_allclose(found, expected, atol=1e-4)
