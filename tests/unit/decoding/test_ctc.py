"""CTC: the loss and prefix beam search against the sum over every alignment, one by one."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from zoo.decoding.ctc import best_path, prefix_beam
from zoo.decoding.ngram import fit_ngrams
from zoo.decoding.word_scores import WordScorer, chosen_weights, recognized, transcript
from zoo.heads.ctc import BlankPadding, ctc_nats, stride_of
from zoo.models.speech.deep_speech2 import deep_speech2
from zoo.tokenizers import fit_tokenizer

GENERATOR = np.random.default_rng(3)


def log_probabilities(frames, tokens):
    logits = GENERATOR.normal(0, 2, (frames, tokens))
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def collapsed(path):
    """From the definition: repeats are one, blanks are none."""
    return tuple(k for k, _ in itertools.groupby(path) if k)


def every_alignment(heard):
    """The log-probability of each labelling, summed over all of its paths."""
    found = {}
    for path in itertools.product(range(heard.shape[1]), repeat=len(heard)):
        value = sum(heard[t, k] for t, k in enumerate(path))
        found[collapsed(path)] = np.logaddexp(found.get(collapsed(path), -np.inf), value)
    return found


@pytest.mark.parametrize(("frames", "tokens"), [(1, 3), (3, 4), (5, 3), (7, 2)])
def test_a_wide_beam_is_the_sum_over_all_alignments(frames, tokens):
    heard = log_probabilities(frames, tokens)
    expected = every_alignment(heard)
    found = prefix_beam(heard, width=10**6, least=-np.inf)
    assert {tuple(ids) for ids, _ in found} == set(expected)
    for ids, score in found:
        assert score == pytest.approx(expected[tuple(ids)], abs=1e-9)
    assert tuple(found[0][0]) == max(expected, key=expected.get)


def test_the_loss_is_the_sum_over_all_alignments_and_padding_adds_nothing():
    heard = np.stack([log_probabilities(5, 3) for _ in range(4)]).astype("float32")
    ids = np.array([[1, 2, 0], [1, 1, 0], [2, 0, 0], [2, 1, 2]], "int32")
    expected = [
        -every_alignment(one)[tuple(row[row > 0])] for one, row in zip(heard, ids, strict=True)
    ]
    nats, tokens = ctc_nats(heard, ids)
    np.testing.assert_allclose(nats, expected, rtol=1e-5)
    np.testing.assert_array_equal(tokens, [2, 2, 1, 3])
    mask = np.arange(9) < 5
    longer = GENERATOR.normal(size=(4, 9, 3)).astype("float32")
    longer[:, :5] = heard
    padded = BlankPadding()(longer, np.tile(mask, (4, 1)))
    np.testing.assert_allclose(ctc_nats(padded, ids)[0], expected, rtol=1e-5)


def test_a_transcript_that_does_not_fit_counts_for_nothing():
    logits = np.zeros((2, 6, 3), "float32")
    mask = np.arange(6) < np.array([[2], [3]])
    logits = ops.convert_to_tensor(BlankPadding()(logits, mask))
    nats, tokens = ctc_nats(logits, np.array([[1, 1], [1, 1]], "int32"))  # needs three frames
    assert np.asarray(nats) == pytest.approx([0, 3 * np.log(3)], rel=1e-5)
    np.testing.assert_array_equal(tokens, [0, 2])


def test_greedy_decoding_makes_repeats_one_and_leaves_blanks_out():
    for _ in range(50):
        path = GENERATOR.integers(0, 3, GENERATOR.integers(1, 9))
        assert tuple(best_path(np.eye(3)[path])) == collapsed(path.tolist())
    assert best_path(np.zeros((0, 3))) == []


def letters(text="to two too"):
    return fit_tokenizer("character", [text], vocabulary_size=99)


def said(tokenizer, text, *, unsure=0.0):
    """Frames that say a text, each token in two of them and a blank behind."""
    ids = tokenizer.encode(text)
    heard = np.full((3 * len(ids), tokenizer.vocabulary_size), -9.0)
    for place, token in enumerate(ids):
        heard[3 * place : 3 * place + 2, token] = 2.0 - unsure
        heard[3 * place + 2, 0] = 2.0
    return heard


def test_a_language_model_decides_between_words_that_sound_alike():
    tokenizer = letters()
    model = fit_ngrams(["two", "two", "two", "to"], order=2)
    heard = said(tokenizer, "two")
    heard[3:5, tokenizer.encode("w")] = -0.5  # hardly heard: "to" is likelier
    heard[3:5, 0] = 0.0
    assert recognized(heard, tokenizer).text == "to"
    scorer = WordScorer(model, tokenizer, lm_weight=2.0, word_bonus=0.0)
    assert transcript(heard, tokenizer, width=8, scorer=scorer) == "two"
    found = recognized(heard, tokenizer, width=8, scorer=scorer)
    assert (found.greedy, found.text) == ("to", "two")


@pytest.mark.parametrize("kind", ["character", "subword", "word"])
def test_scores_of_words_are_those_of_the_model_whatever_the_beam(kind):
    tokenizer = fit_tokenizer(kind, ["ab c ab"], vocabulary_size=8)
    model = fit_ngrams(["a b", "ab c"], order=2)
    scorer = WordScorer(model, tokenizer, lm_weight=0.7, word_bonus=0.3)
    heard = log_probabilities(4, tokenizer.vocabulary_size)
    acoustic = every_alignment(heard)
    found = prefix_beam(heard, width=10**6, scorer=scorer, least=-np.inf)
    assert {tuple(ids) for ids, _ in found} == set(acoustic)
    for ids, score in found:
        words = tokenizer.decode(ids).split()
        history, told = ["<s>"], 0.3 * len(words)
        for word in [*words, "</s>"]:
            told += 0.7 * model.log_probability(history, word)
            history.append(word)
        assert score == pytest.approx(acoustic[tuple(ids)] + told, abs=1e-6)


def test_a_piece_of_a_word_is_scored_when_the_next_word_begins():
    tokenizer = fit_tokenizer("subword", ["to two ten"] * 9, vocabulary_size=13)
    model = fit_ngrams(["to two", "ten two"], order=2)
    scorer = WordScorer(model, tokenizer, lm_weight=1.0, word_bonus=0.0)
    ids, state, scores = tokenizer.encode("ten two"), scorer.begun(), []
    for token in ids:
        state = scorer.extended(state, int(token))
        scores.append(scorer.score(state))
    second = next(i for i in range(1, len(ids)) if " " in tokenizer.decode(ids[: i + 1]))
    first = model.log_probability(["<s>"], "ten")
    assert scores == pytest.approx([0.0] * second + [first] * (len(ids) - second))
    told = first + model.log_probability(["ten"], "two") + model.log_probability(["two"], "</s>")
    assert scorer.final_score(state) == pytest.approx(told)


def test_weights_are_chosen_that_make_the_fewest_mistakes():
    tokenizer = letters()
    model = fit_ngrams(["two", "two", "two", "to"], order=2)
    heard = said(tokenizer, "two")
    heard[3:5, tokenizer.encode("w")] = -1.5
    heard[3:5, 0] = 0.0

    def text(weight, bonus):
        scorer = WordScorer(model, tokenizer, lm_weight=weight, word_bonus=bonus)
        return transcript(heard, tokenizer, width=8, scorer=scorer)

    assert text(0.0, 0.0) == "to"
    found = chosen_weights([heard], lambda t: float(t != ["two"]), model, tokenizer, width=8)
    assert found[0] > 0 and text(*found) == "two"


def test_the_stride_of_a_network_is_found():
    backbone = deep_speech2(input_shape=(None, 8), num_filters=2, hidden_dim=3, num_layers=1)
    assert stride_of(backbone, feature="layer_1", bins=8) == 4
    fixed = keras.Input((32, 8))
    flat = keras.layers.Flatten()(fixed)
    model = keras.Model(fixed, {"flat": keras.layers.Dense(2)(flat)})
    with pytest.raises(Exception, match="cannot recognize speech"):
        stride_of(model, feature=None, bins=8)
