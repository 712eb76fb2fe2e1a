"""GPT-2 against transformers: logits, and the tokens that both write, with the same numbers."""

import numpy as np
import pytest

from tests.parity.timm_models import assert_close, ours_with_numbers_of, randomized, torch
from zoo.decoding.sampling import sample

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
WORDS, CONTEXT = 61, 16
OURS = {"context_length": CONTEXT, "num_layers": 2, "num_heads": 3, "hidden_dim": 24}


@pytest.fixture(scope="module")
def theirs():
    config = transformers.GPT2Config(
        vocab_size=WORDS, n_positions=CONTEXT, n_layer=2, n_head=3, n_embd=24,
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    return randomized(transformers.GPT2LMHeadModel(config))


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(1).integers(0, WORDS, (3, 9)).astype("int32")


def test_logits_equal_those_of_transformers(theirs, ids):
    model = ours_with_numbers_of("gpt2", theirs, num_classes=WORDS, **OURS)
    with torch.no_grad():
        expected = theirs(torch.tensor(ids).long()).logits
    assert_close(model(ids), expected, what="gpt2")


def test_a_file_of_the_network_alone_is_read_too(theirs, ids):
    network = theirs.transformer
    model = ours_with_numbers_of("gpt2", network, num_classes=WORDS, **OURS)
    with torch.no_grad():
        expected = theirs(torch.tensor(ids).long()).logits
    assert_close(model(ids), expected, what="gpt2 without a head")


def test_it_writes_what_transformers_writes(theirs, ids):
    model = ours_with_numbers_of("gpt2", theirs, num_classes=WORDS, **OURS)
    written = sample(model, ids[:, :5], max_tokens=10, context_length=CONTEXT, temperature=0)
    with torch.no_grad():
        expected = theirs.generate(
            torch.tensor(ids[:, :5]).long(), max_new_tokens=10, do_sample=False, pad_token_id=0
        )
    np.testing.assert_array_equal(np.array(list(written)).T, expected[:, 5:].numpy())
