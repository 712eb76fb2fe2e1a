"""Networks in Llama's form against transformers: logits and written tokens, with the same numbers."""

import numpy as np
import pytest

from tests.parity.timm_models import assert_close, ours_with_numbers_of, randomized, torch
from zoo.decoding.sampling import sample

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
WORDS = 61
FORMS = {
    "grouped": {"num_key_value_heads": 2, "tied": True},
    "one head of keys": {"num_key_value_heads": 1, "tied": False, "rotary_base": 500.0},
    "as many heads": {"num_key_value_heads": 4, "tied": False, "epsilon": 1e-2},
}


def both(form):
    """Return transformers' network and ours with its numbers."""
    config = transformers.LlamaConfig(
        vocab_size=WORDS, hidden_size=24, intermediate_size=40, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=form["num_key_value_heads"],
        rms_norm_eps=form.get("epsilon", 1e-5), tie_word_embeddings=form["tied"],
        rope_parameters={"rope_type": "default", "rope_theta": form.get("rotary_base", 10_000.0)},
        bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    theirs = randomized(transformers.LlamaForCausalLM(config))
    sizes = {"num_layers": 2, "num_heads": 4, "hidden_dim": 24, "feed_forward_dim": 40}
    return theirs, ours_with_numbers_of("llama_nano", theirs, num_classes=WORDS, **sizes, **form)


@pytest.mark.parametrize("name", FORMS)
def test_logits_equal_those_of_transformers(name):
    theirs, ours = both(FORMS[name])
    ids = np.random.default_rng(1).integers(0, WORDS, (3, 19)).astype("int32")
    with torch.no_grad():
        expected = theirs(torch.tensor(ids).long()).logits
    assert_close(ours(ids), expected, what=f"llama, {name}")


def test_it_writes_what_transformers_writes():
    theirs, ours = both(FORMS["grouped"])
    ids = np.random.default_rng(2).integers(0, WORDS, (3, 5)).astype("int32")
    written = sample(ours, ids, max_tokens=10, context_length=16, temperature=0)
    with torch.no_grad():
        expected = theirs.generate(
            torch.tensor(ids).long(), max_new_tokens=10, do_sample=False, pad_token_id=0
        )
    np.testing.assert_array_equal(np.array(list(written)).T, expected[:, 5:].numpy())
