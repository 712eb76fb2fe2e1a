"""`zoo generate`: what it writes, that it repeats, and what it refuses."""

import io
import sys

import pytest

PYDOC = "text/pydoc-gpt"
TINY = (  # seconds; enough for the model to write letters that occur
    "task.arguments.tokenizer=character",
    "task.arguments.context_length=16",
    "data.max_examples=3",
    "model.arguments={num_layers: 1, num_heads: 2, hidden_dim: 16}",
    "training.epochs=1",
    "training.steps_per_epoch=30",
    "schedule.warmup_epochs=0",
)


@pytest.fixture(scope="module")
def writer(zoo, tmp_path_factory):
    """A run of a tiny language model of characters."""
    folder = tmp_path_factory.mktemp("writer") / "run"
    outcome = zoo("train", PYDOC, *TINY, "--run-dir", folder, "--json")
    assert outcome.code == 0, outcome.err
    return folder


@pytest.mark.slow
def test_labels_that_a_language_model_does_not_use_are_named(zoo, in_tmp):
    rows = "".join(f"a fine film with a cat,{'good' if i % 2 else 'bad'}\n" for i in range(60))
    (in_tmp / "films.csv").write_text("text,mood\n" + rows)
    few = ("training.steps_per_epoch=2", "data.name=films.csv")
    told, silent = (
        zoo(
            *("train", PYDOC, *TINY, *few, f"data.arguments={{label_column: '{column}'}}"),
            *("--run-dir", f"run{column}"),
        )
        for column in ("mood", "")
    )
    assert (told.code, silent.code) == (0, 0), told.err + silent.err
    assert "note: The labels of" in told.err
    assert "(column mood, 2 classes) are not used" in told.err
    assert "not used" not in silent.err
    assert "\ngenerate zoo generate runmood --prompt TEXT\n" in told.out
    assert "predict" not in told.out
    card = (in_tmp / "runmood" / "README.md").read_text()
    assert "column mood, 2 classes" in card


def test_text_follows_the_prompt_and_repeats_with_the_seed(zoo, writer):
    one, same, other = (
        zoo("generate", writer, "--prompt", "The", "--max-tokens", 60, "--seed", seed)
        for seed in (1, 1, 2)
    )
    assert one.code == 0, one.err
    assert one.out.startswith("The")
    assert len(one.out) == len("The") + 60 + len("\n")
    assert one.out == same.out != other.out


def test_the_document_holds_what_the_stream_shows(zoo, writer):
    arguments = ("generate", writer, "--prompt", "The", "--max-tokens", 40, "--temperature", 0.5)
    document = zoo(*arguments, "--json").document
    assert zoo(*arguments).out == "The" + document["texts"][0] + "\n"
    assert document["prompt"] == "The" and document["temperature"] == 0.5


def test_several_texts_differ_and_are_all_shown(zoo, writer):
    arguments = ("generate", writer, "--count", 3, "--max-tokens", 30)
    texts = zoo(*arguments, "--json").document["texts"]
    assert len(set(texts)) == 3
    shown = zoo(*arguments).out
    assert all(text in shown for text in texts)


def test_a_dash_reads_the_prompt_from_standard_input(zoo, writer, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("The\n"))
    piped = zoo("generate", writer, "--prompt", "-", "--max-tokens", 20)
    assert piped.out == zoo("generate", writer, "--prompt", "The", "--max-tokens", 20).out


def test_an_empty_prompt_begins_a_line(zoo, writer):
    empty = zoo("generate", writer, "--max-tokens", 20).out
    newline = zoo("generate", writer, "--prompt", "\n", "--max-tokens", 20).out
    assert newline == "\n" + empty


def test_greedy_text_does_not_depend_on_the_seed(zoo, writer):
    arguments = ("generate", writer, "--temperature", 0, "--max-tokens", 20, "--seed")
    assert zoo(*arguments, 1).out == zoo(*arguments, 2).out


def test_no_tokens_leave_the_prompt_alone(zoo, writer):
    assert zoo("generate", writer, "--prompt", "The", "--max-tokens", 0).out == "The\n"


def test_characters_that_the_model_does_not_know_are_named(refused, writer):
    message = refused("generate", writer, "--prompt", "a \u4e16 b \u4e16\u754c")
    assert "does not know '\u4e16', '\u754c'" in message
    assert "abcdefghijklmnopqrstuvwxyz" in message


def test_a_model_that_is_no_language_model_is_named(refused):
    message = refused("generate", "cnn_small.digits")
    assert "cnn_small.digits is not a language model; its task is image_classification" in message


@pytest.mark.parametrize(
    "option, value, expected",
    [("--top-p", 1.5, "above 0, at most 1"), ("--temperature", 1e6, "0 (greedy) to 100")],
)
def test_values_out_of_range_are_named(refused, writer, option, value, expected):
    assert expected in refused("generate", writer, option, value)


def test_predict_says_how_well_the_model_knows_a_text(zoo, writer):
    (result,) = zoo("predict", writer, "the statement", "--json").document
    (said,) = result["predictions"]
    assert said["tokens"] == len("the statement") - 1
    assert 1 < said["perplexity"] < 200


def test_the_python_face_gives_the_same_texts(zoo, writer):
    from recipes.runs.generate import generate, stream

    (text,) = zoo("generate", writer, "--max-tokens", 25, "--json").document["texts"]
    assert generate(writer, max_tokens=25) == [text]
    pieces = list(stream(writer, max_tokens=25))
    assert len(pieces) == 25 and "".join(pieces) == text


def test_continuations_leave_out_what_the_model_does_not_know(writer):
    from recipes.runs.generate import continuations
    from recipes.runs.run import load

    run = load(writer)
    prompts = ["The \u4e16", "The ", "\u754c"]
    pairs = continuations(run.model, run.assets, prompts, max_tokens=20, seed=1)
    assert [prompt for prompt, _ in pairs] == prompts
    assert pairs[0][1] == pairs[1][1] != pairs[2][1]


def test_byte_pairs_are_streamed_in_whole_characters(monkeypatch):
    """A character of three bytes comes once it is whole, even where the end cuts another off."""
    import numpy as np

    from recipes.runs import generate
    from zoo.tokenizers import fit_tokenizer

    tokenizer = fit_tokenizer("bpe", ["a"], vocabulary_size=258)
    ids = tokenizer.encode("x\u4e16y\u754c")[:-1]

    class Run:
        model, assets = None, None

    monkeypatch.setattr(generate, "_ready", lambda *_: (Run, tokenizer, np.zeros(1, "int32")))
    monkeypatch.setattr(generate, "_sample", lambda *_, **__: iter(ids[:, None]))
    assert list(generate.stream("", max_tokens=9)) == ["x", "\u4e16", "y"]


def test_bytes_that_make_no_character_are_not_written(monkeypatch):
    import numpy as np

    from recipes.runs import generate
    from zoo.tokenizers import fit_tokenizer

    tokenizer = fit_tokenizer("bpe", ["a"], vocabulary_size=258)
    letters = tokenizer.encode("xy\u4e16z")
    ids = np.insert(letters, [1, 2, 6], letters[3])  # a byte that no character begins with

    class Run:
        model, assets = None, None

    monkeypatch.setattr(generate, "_ready", lambda *_: (Run, tokenizer, np.zeros(1, "int32")))
    monkeypatch.setattr(generate, "_sample", lambda *_, **__: iter(ids[:, None]))
    assert "".join(generate.stream("", max_tokens=9)) == "xy\u4e16z"
    assert generate.generate("", max_tokens=9) == ["xy\u4e16z"]
