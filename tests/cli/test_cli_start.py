"""`zoo start`: the plan, the command that it shows, and training with --yes."""

import shlex

import pytest

from recipes.values.load import load_recipe


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A table of 90 texts, and the plan of a run that is trained."""
    from recipes.start.start import start, trained

    folder = tmp_path_factory.mktemp("start")
    rows = ["review,stars"]
    rows += [
        f"a {('fine', 'dull')[i % 2]} film number {i},{('up', 'down')[i % 2]}" for i in range(90)
    ]
    path = folder / "reviews.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    found = start(path, minutes=0.05, run_dir=folder / "run", progress=False)
    return found, trained(found, progress=False)


def test_the_command_trains_the_same_recipe(planned):
    found, done = planned
    words = shlex.split(found.command)
    assert words[:2] == ["zoo", "train"]
    changes = words[3 : words.index("--run-dir")]
    assert load_recipe(words[2], *changes).resolved() == done.run.recipe.resolved()


def test_what_was_chosen_is_trained_and_compared(planned):
    found, done = planned
    assert found.run is None and found.minutes > 0
    assert done.run.metrics["baselines"]["outcome"] in ("beats", "within", "does not beat")
    assert done.to_dict()["seconds"] > 0
    assert "text_column=review label_column=stars" in found.plan.reasons[0]


def test_nothing_is_written_before_yes(zoo, in_tmp):
    outcome = zoo("start", "vowels", "--minutes", "0.1", "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.document
    assert found["look"]["modality"] == "speech"
    assert found["command"].startswith("zoo train speech/spoken_digit-dscnn data.name=vowels")
    assert found["baselines"]["split"] == "validation"  # test is read once, after the choice
    assert found["run"] is None and list(in_tmp.iterdir()) == []


def test_mistakes_take_one_screen(refused):
    assert "digits" in refused("start", "digit")
    assert "minutes=0.0 is out of range" in refused("start", "digits", "--minutes", "0")
    assert "zoo start --help" in refused("start", "digits", "download=true")
