"""The pictures of the models show every model, and are noticed where they are out of date."""

import re

import pytest

from zoo import registry
from zoo.docs import dots, drawing, pictures

TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def test_the_pictures_are_up_to_date():
    assert pictures.stale() == [], "run: python -m zoo.docs"


def test_whether_they_are_is_known_without_frameworks(fresh_python):
    heavy = "[m for m in ('keras', 'tensorflow', 'matplotlib') if m in sys.modules]"
    out = fresh_python(
        f"import sys; from zoo.docs import pictures; pictures.stale(); print({heavy})"
    )
    assert out.strip() == "[]"


def test_another_number_or_program_makes_them_stale(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    missing = pictures.stale()
    assert [path.name for path in missing] == ["models.svg", "published.svg"]
    missing[0].write_text(f"<svg/>\n<!-- of {pictures.digest()} -->\n", encoding="utf-8")
    assert pictures.stale() == missing[1:]
    monkeypatch.setattr(pictures, "models", lambda: dots.models()[1:])
    assert pictures.stale() == missing


def test_every_image_model_and_every_stated_accuracy_is_a_dot():
    assert {dot.name for dot in dots.models()} == set(registry.list_models(modality="image"))
    stated = {c.name: c for c in registry.pretrained_cards().values() if c.data == "imagenet_1k"}
    found = {dot.name: dot for dot in dots.published()}
    assert set(found) == {name for name, card in stated.items() if card.value is not None}
    counts = registry.measured()["resnet50"]
    assert found["resnet50.tv_in1k"].macs == counts["macs"]
    assert found["resnet50.a1_in1k"].macs == counts["macs_at"]["288"] > 1.6 * counts["macs"]
    assert found["vit_base_patch16.augreg_in21k_ft_in1k"].more_data
    assert not found["deit_base_patch16.fb_in1k"].more_data


def test_no_weight_is_cheaper_and_better_than_one_of_the_frontier():
    every = dots.published()
    best = dots.frontier(every)
    for dot in best:
        assert not [x for x in every if x.macs <= dot.macs and x.accuracy > dot.accuracy]
    assert len({dot.accuracy for dot in best}) == len(best)


@pytest.mark.parametrize("name", pictures.NAMES)
def test_a_picture_is_the_same_each_time_and_names_what_it_should(name):
    svg = drawing.DRAWERS[name]()
    assert svg == drawing.DRAWERS[name]()
    named = set(TEXT.findall(svg))
    wanted = {
        "models": set(drawing.KNOWN_MODELS.split()),
        "published": {dot.name for dot in dots.frontier(dots.published())},
    }
    assert wanted[name] <= named
