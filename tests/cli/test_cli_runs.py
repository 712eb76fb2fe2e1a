"""Runs in folders of any name: trained, evaluated on data that changed, continued."""

import shutil

import pytest
from shell import DIGITS

SMALL = (
    "model.arguments.widths=[4,8]",
    "training.epochs=2",
    "training.steps_per_epoch=2",
    "training.batch_size=8",
    "schedule.warmup_epochs=0",
)


@pytest.mark.slow
def test_commands_that_are_printed_can_be_pasted_whatever_the_folder_is_called(zoo, photos, in_tmp):
    outcome = zoo("train", DIGITS, f"data.name={photos}", *SMALL, "--run-dir", "my run")
    assert outcome.code == 0, outcome.err
    assert "zoo predict 'my run' FILE" in outcome.out
    # what was added since is left out, and said
    shutil.copy(photos / "cat" / "00.png", photos / "cat" / "new.png")
    evaluated = zoo("evaluate", "my run")
    assert evaluated.code == 0, evaluated.err
    assert "note: 1 example(s) that were added" in evaluated.out
    document = zoo("evaluate", "my run", "--json").document
    assert document["data_as_trained"]
    assert document["notes"]
    # the same, after the folder was moved
    moved = photos.rename(in_tmp / "pictures of pets")
    document = zoo("evaluate", "my run", "--data", moved, "--json").document
    assert document["data_as_trained"]
    assert document["data"] == str(moved)


def test_a_run_is_not_continued_on_a_schedule_that_ends(zoo, run_dir, in_tmp):
    outcome = zoo("train", run_dir, "--continue", "training.epochs=4")
    assert outcome.code == 2
    assert "cosine depends on the number of epochs" in outcome.err
    assert f"zoo train {run_dir / 'recipe.yaml'} training.epochs=4" in outcome.err
    assert list(in_tmp.iterdir()) == []


@pytest.mark.slow
def test_a_run_is_continued_in_a_folder_of_its_own(zoo, in_tmp):
    constant = (*SMALL, "schedule.name=constant", "regularization.averaging_decay=0")
    assert zoo("train", DIGITS, *constant, "--checkpoint-minutes", "0.5").code == 0
    outcome = zoo("train", "runs/image-digits-cnn-1", "--continue", "training.epochs=3", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.document["run"] == "runs/image-digits-cnn-2"
    rows = (in_tmp / "runs" / "image-digits-cnn-2" / "history.csv").read_text().splitlines()
    assert [row.partition(",")[0] for row in rows] == ["epoch", "1", "2", "3"]
    refusal = zoo("train", "runs/image-digits-cnn-1", "--continue", "training.epochs=2")
    assert refusal.code == 2
    assert "zoo train runs/image-digits-cnn-1 --continue training.epochs=4" in refusal.err
