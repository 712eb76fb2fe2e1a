"""Files as transformers writes them for GPT-2 come in by name, write and predict as there."""

from dataclasses import replace

import numpy as np
import pytest

from tests.parity.timm_models import randomized, torch
from zoo import registry
from zoo.cards import FileSource, PublishedTexts
from zoo.errors import WeightsError
from zoo.weight_conversion import added

transformers = pytest.importorskip("transformers", reason="transformers is not installed")
NAME, CONTEXT, END = "gpt2.made", 24, "<|endoftext|>"
PROMPT = "The cat sat on"


def tokenizer():
    """Return byte pairs as GPT-2's: all bytes, of which "!" is 0, a few merges, and last the mark.

    The mark ends a document.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=280, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(["The cat sat on the mat, and the dog saw the cat."] * 9, trainer)
    made.add_special_tokens([END])
    assert made.encode("!").ids == [0] and made.token_to_id(END) == made.get_vocab_size() - 1
    return made


@pytest.fixture(scope="module")
def theirs():
    made = tokenizer()
    config = transformers.GPT2Config(
        vocab_size=made.get_vocab_size(), n_positions=CONTEXT, n_layer=2, n_head=2, n_embd=16,
        bos_token_id=made.token_to_id(END), eos_token_id=made.token_to_id(END),
    )  # fmt: skip
    return randomized(transformers.GPT2LMHeadModel(config)), made


@pytest.fixture
def folder(theirs, tmp_path, monkeypatch):
    """A folder as on the Hub, whose card is in the catalog."""
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "cache"))
    network, made = theirs
    network.save_pretrained(tmp_path / "made")
    made.save(str(tmp_path / "made" / "tokenizer.json"))
    sizes = {"vocabulary_size": made.get_vocab_size(), "context_length": CONTEXT}
    card = replace(
        registry.pretrained_card("gpt2.openai"),
        name=NAME,
        arguments=sizes | {"num_layers": 2, "num_heads": 2, "hidden_dim": 16},
        sources=(FileSource(str(tmp_path / "made" / "model.safetensors")),),
        texts=PublishedTexts(
            tokenizer=(FileSource(str(tmp_path / "made" / "tokenizer.json")),), max_tokens=CONTEXT
        ),
    )
    monkeypatch.setitem(registry.SHELVES[type(card)], NAME, card)
    return tmp_path / "made"


def test_a_folder_of_theirs_writes_what_transformers_writes(folder, theirs):
    from recipes.runs.generate import generate, stream

    added(NAME, folder)
    network, made = theirs
    for prompt in (PROMPT, "and", "the mat, the dog"):
        ids = made.encode(prompt).ids
        with torch.no_grad():
            expected = network.generate(
                torch.tensor([ids]), max_new_tokens=12, do_sample=False,
                suppress_tokens=[made.token_to_id(END)], pad_token_id=0,
            )[0, len(ids) :].tolist()  # fmt: skip
        assert len(set(expected)) > 3  # else equality would be no news
        text = made.decode(expected).replace("\N{REPLACEMENT CHARACTER}", "")
        assert generate(NAME, prompt, max_tokens=12, temperature=0) == [text]
        assert "".join(stream(NAME, prompt, max_tokens=12, temperature=0)) == text


def test_a_text_is_as_likely_as_transformers_finds_it(folder, theirs):
    from recipes.runs.run import load_run

    added(NAME, folder)
    network, made = theirs
    texts = ["The dog saw the mat.", 'A "cat"!']  # of two lengths, so that one is padded
    found = [one["predictions"][0]["loss"] for one in load_run(NAME).predict(texts)]
    for text, loss in zip(texts, found, strict=True):
        ids = torch.tensor([made.encode(text).ids])
        with torch.no_grad():
            assert loss == pytest.approx(network(ids, labels=ids).loss.item(), rel=1e-4)


TEXTS = ["The dog! saw the mat.", f"A cat!!{END}The cat", f"on the mat {END}{END}", "!!", "dog"]


def test_its_loss_is_that_of_transformers_with_every_token(folder, theirs):
    """ "!" has the id of our padding, and theirs is the mark, which may stand within a text."""
    from recipes.runs.run import load_run

    added(NAME, folder)
    run, (network, made) = load_run(NAME), theirs
    for text in TEXTS:
        x, y = run.task.encode({"text": text}, run.assets, None)
        ids = made.encode(text).ids
        while len(ids) > 2 and ids[-1] == made.token_to_id(END):
            ids.pop()  # which padding looks like
        assert x["ids"].tolist() == ids
        padded = {"ids": np.pad(y["ids"], (0, 3))[None]}
        logits = run.model(
            {"ids": np.pad(x["ids"], (0, 3), constant_values=made.token_to_id(END))[None]}
        )
        found = float(run.task.loss(padded, logits)["loss"])
        with torch.no_grad():
            expected = network(torch.tensor([ids]), labels=torch.tensor([ids])).loss.item()
        assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("rank", [0, 2])
def test_it_is_fine_tuned_and_scored(folder, theirs, tmp_path, rank):
    from recipes.training.finetune import finetune
    from zoo import evaluate

    added(NAME, folder)
    table = tmp_path / "texts.csv"
    lines = [f'"The cat number {i} sat! on the mat."' for i in range(60)]
    table.write_text("\n".join(["text", *lines]) + "\n", encoding="utf-8")
    values = {"task.arguments.context_length": 12, "model.lora_rank": rank, "training.epochs": 2}
    values |= {"optimizer.learning_rate": 1e-2, "data.arguments.label_column": ""}
    run = finetune(NAME, table, run_dir=tmp_path / "run", progress=False, **values)
    entry = run.metrics["metrics"]["loss"]
    unigram = run.metrics["baselines"]["models"][0]["metrics"]["loss"]["value"]
    assert entry["value"] < (np.log(theirs[1].get_vocab_size()) if rank else unigram)
    again = evaluate(tmp_path / "run")["metrics"]["loss"]["value"]
    assert again == pytest.approx(entry["value"], rel=1e-5)


def test_another_configuration_is_refused(folder):
    path = folder / "config.json"
    path.write_text(path.read_text().replace('"n_head": 2', '"n_head": 4'))
    with pytest.raises(WeightsError, match="num_heads=4 instead of 2"):
        added(NAME, folder)


def test_the_tokenizer_gives_the_ids_of_theirs(theirs):
    from zoo.published_tokenizer import PublishedTokenizer

    made = theirs[1]
    ours = PublishedTokenizer(made.to_str())
    assert ours.padding_id == made.token_to_id(END) and ours.kept_ids == (ours.padding_id,)
    for text in ("naïve café 🙂", "  two\n\nlines\t", "!!!"):
        np.testing.assert_array_equal(ours.encode(text), made.encode(text).ids)
        assert ours.decode(ours.encode(text)) == text
