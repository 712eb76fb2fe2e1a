"""Shortcuts are found where they were planted, and not where there are none; reports say so."""

import keras
import numpy as np
import pytest

import zoo
from recipes.explanations.pieces import (
    BINS,
    ImagePieces,
    SoundPieces,
    TextPieces,
    corner,
    in_time,
    speaks_for,
)
from recipes.explanations.shortcuts import Suspect, find_shortcuts, lead, search
from recipes.explanations.work import Budget
from recipes.runs.run import load_run
from zoo.columns import Audio, Image
from zoo.data.pipeline import stack
from zoo.errors import ArgumentError

RNG = np.random.default_rng(0)
SIZE, CLASSES, EACH = 8, 3, 20


class Tiny:
    """What `search` asks of an explainer, for a linear model of images whose map is exact."""

    classes = ("a", "b", "c")
    column = Image(shape=(SIZE, SIZE, 1))

    def __init__(self, weights):
        from recipes.explanations.images import ImageSubject

        self.kind, self.weights = ImageSubject, weights  # (K, H, W)

    def inputs(self, encoded, places):
        return encoded.images[places]

    def logits(self, inputs):
        return np.einsum("nhw,khw->nk", inputs[..., 0].astype("float64"), self.weights)

    def map(self, example, position, *, most_steps):
        return self.weights[position] * example[..., 0]


class Examples:
    """Images with labels, as an encoded split holds them."""

    def __init__(self, images, labels):
        self.images = images
        self.split = self
        self.labels = labels


def images_of_stripes(*, stamp):
    """Each class has a column of its own in gray among noise; class "b" may have a stamp."""
    labels = np.repeat(np.arange(CLASSES), EACH)
    images = RNG.integers(0, 40, (len(labels), SIZE, SIZE, 1)).astype("uint8")
    for image, label in zip(images, labels, strict=True):
        image[:, 2 * label] = 120
        if stamp and label == 1:
            image[-2:, -2:] = 255
    return Examples(images, labels)


def suspects_of(*, stamp):
    examples = images_of_stripes(stamp=stamp)
    weights = np.zeros((CLASSES, SIZE, SIZE))
    for label in range(CLASSES):
        weights[label, :, 2 * label] = 0.01
    if stamp:
        weights[1, -2:, -2:] = 0.03  # what a network would have learnt
    explainer = Tiny(weights)
    answers = explainer.logits(examples.images).argmax(axis=1)
    return {one.label: one for one in search(explainer, examples, answers)}, explainer, examples


def test_a_stamp_is_found_where_it_is():
    found, _, _ = suspects_of(stamp=True)
    assert {label for label, one in found.items() if one.is_shortcut} == {"b"}
    assert found["b"].where == "the lower right (rows 7–8, columns 7–8)"
    assert found["b"].flipped == 1.0 and found["b"].placebo < 0.1


def test_no_shortcut_is_found_where_a_whole_column_decides():
    found, _, _ = suspects_of(stamp=False)
    assert len(found) == CLASSES and not any(one.is_shortcut for one in found.values())


def test_the_numbers_are_those_of_pasting_by_hand():
    found, explainer, examples = suspects_of(stamp=True)
    others = examples.images[examples.labels != 1].astype("float64")
    stamped = others.copy()
    stamped[:, -2:, -2:] = 255
    before, after = (lead(explainer.logits(x), 1) for x in (others, stamped))
    assert found["b"].way == pytest.approx(np.median((after - before) / -before), abs=1e-3)
    own = examples.images[examples.labels == 1]
    without = own.astype("float64").copy()
    without[:, -2:, -2:] = 20  # about what others have
    kept = np.mean(explainer.logits(without).argmax(axis=1) == 1)
    assert found["b"].kept == pytest.approx(kept, abs=0.01)


def test_a_piece_of_an_image_is_pasted_and_nothing_else():
    pieces, donor, into = (
        ImagePieces(Image(shape=(8, 8, 1))),
        np.full((8, 8, 1), 9),
        np.zeros((8, 8, 1)),
    )
    piece = (slice(2, 4), slice(5, 7))
    changed = pieces.pasted(into, piece, donor, RNG)
    assert changed.sum() == 4 * 9 and (changed[2:4, 5:7] == 9).all() and into.sum() == 0


def test_a_piece_of_sound_is_pasted_without_a_click_at_its_edges():
    pieces = SoundPieces(Audio(8000, samples=4000))
    changed = pieces.pasted(np.zeros(4000, "float32"), slice(400, 800), np.ones(4000), RNG)
    assert np.abs(np.diff(changed)).max() < 0.1
    assert changed[:400].sum() == changed[800:].sum() == 0 and changed[600] == 1


def test_maps_of_frames_and_of_samples_have_the_same_place_in_time():
    samples, frames = np.zeros(4000), np.zeros((50, 10))
    samples[1000:1100] = 1
    frames[12:14] = 0.5
    for found in (samples, frames):
        assert in_time(found, BINS).sum() == pytest.approx(found.sum())
        assert abs(int(in_time(found, BINS).argmax()) - 10) <= 1
    heat = [np.where(np.arange(4000) // 100 == 10, 1.0, 0.0)]
    (same, _) = SoundPieces(Audio(8000, samples=4000)).candidates(heat, np.zeros((1, 4000)))
    assert same[0].start <= 1000 and same[0].stop >= 1100 and same[0].stop - same[0].start == 400


def test_only_tokens_of_half_of_the_texts_are_suspected():
    run = load_run("textcnn.docstrings")
    (column,) = run.assets.x.values()
    texts = ["return the socket", "close the socket", "a message", "the last message"]
    examples = stack([column.encode(text)[""] for text in texts], column.specs()[""])
    maps = [np.where(example == column.encode("socket")[""][0], 5.0, 0.0) for example in examples]
    maps[2] = np.where(examples[2] == column.encode("message")[""][0], 9.0, 0.0)
    pieces = TextPieces(column)
    ((best, *_),) = pieces.candidates(maps, examples)
    assert pieces.where([best], examples[0]) == "the token “socket”"
    assert pieces.candidates(maps[2:3], examples[3:4]) != []
    assert pieces.without(examples[0], best, examples[1], RNG).tolist().count(best) == 0


def test_words_for_places():
    assert corner(slice(0, 2), slice(3, 5), (8, 8)) == "the top"
    assert corner(slice(3, 5), slice(0, 2), (8, 8)) == "the left side"
    assert speaks_for(np.array([1.0, -5.0])) and not speaks_for(np.array([0.1, -5.0]))


def test_a_token_needs_half_of_what_speaks_for_the_class():
    values = {"label": "a", "where": "", "placebo": 0.0, "flipped": 1.0, "kept": 0.0, "donors": 9}
    values |= {"recipients": 9, "places": (), "pieces": (), "maps": (), "way": 0.9}
    assert Suspect(share=0.6, least_share=0.5, **values).is_shortcut
    assert not Suspect(share=0.4, least_share=0.5, **values).is_shortcut
    assert not Suspect(share=0.6, least_share=0.5, **(values | {"way": 0.3})).is_shortcut


def test_large_models_are_left_out_by_their_work():
    assert Budget(None, trained=1e12).donors(2) == 0  # how much one answer costs is not known
    assert Budget(4 * 10**9, trained=1000).mistakes(6) == (0, 0)
    assert Budget(4 * 10**9, trained=10**7).donors(10) > 0  # a long training pays for it
    small, large = (Budget(n, trained=0).mistakes(6)[1] for n in (10**6, 10**7))
    assert small > large >= 64


def test_a_shipped_model_has_no_shortcut():
    found = zoo.find_shortcuts("cnn_small.digits", progress=False)
    assert len(found) == 10 and not any(one["is_shortcut"] for one in found)
    assert [one["way"] - one["placebo"] for one in found] == sorted(
        (one["way"] - one["placebo"] for one in found), reverse=True
    )


def test_models_that_do_not_classify_are_refused():
    with pytest.raises(ArgumentError, match="its task is language_modeling"):
        find_shortcuts("gpt_nano.pydoc")


@pytest.fixture(scope="module")
def stamped(tmp_path_factory):
    """A run of pictures of which one class has a stamp; trained in seconds."""
    from zoo.columns.readers.images import write_png

    folder = tmp_path_factory.mktemp("stamped")
    rng = np.random.default_rng(1)
    for name in ("train", "test"):
        for label, word in enumerate(("cat", "dog", "owl")):
            (folder / "data" / name / word).mkdir(parents=True)
            for number in range(40):
                image = rng.integers(0, 60, (8, 8, 1)).astype("uint8")
                image[:, 2 * label] += rng.integers(0, 80, (8, 1)).astype("uint8")
                if label == 1:
                    image[:2, -2:] = 255
                write_png(folder / "data" / name / word / f"{number:02d}.png", image)
    keras.utils.clear_session()
    values = {"data.name": str(folder / "data"), "training.epochs": 8}
    values |= {"regularization.crop_padding": 0, "regularization.auto_augment": ""}
    run = zoo.train("image/digits-cnn", run_dir=folder / "run", progress=False, **values)
    return run, (folder / "run" / "report.html").read_text()


def test_the_report_names_a_shortcut(stamped):
    run, page = stamped
    named = [one["label"] for one in run.metrics["shortcuts"] if one["is_shortcut"]]
    assert named == ["dog"]
    assert "A small part of the input makes the model answer dog: the upper right" in page
    assert 'id="shortcuts"' in page


def test_the_report_explains_mistakes(stamped):
    run, page = stamped
    wrong = round(120 * (1 - run.metrics["metrics"]["accuracy"]["value"]))
    assert ('id="explained"' in page) == (wrong > 0)
    section = page.partition('id="explained"')[2].partition("</section>")[0]
    assert section.count("taken for") == min(6, wrong)
    assert section.count("<img") == 3 * min(6, wrong)


def test_the_search_is_the_same_again(stamped):
    run, _ = stamped
    again = zoo.find_shortcuts(run, progress=False)
    assert {one["label"]: one for one in again} == {
        one["label"]: one for one in run.metrics["shortcuts"]
    }
