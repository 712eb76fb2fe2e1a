"""Recipes of one's own, folders as data, and `zoo data`."""

import shutil

import numpy as np
import pytest
from PIL import Image
from shell import DIGITS

SMALL = ("--smoke", "model.arguments.widths=[4,8]")


def test_a_copied_recipe_is_edited_and_trained_elsewhere(zoo, in_tmp, monkeypatch):
    assert zoo("recipes", "copy", DIGITS, "my.yaml").code == 0
    text = (in_tmp / "my.yaml").read_text()
    edited = text.replace("widths: [32, 64, 128]", "widths: [4, 8]")
    assert edited != text
    (in_tmp / "my.yaml").write_text(edited)
    (in_tmp / "elsewhere").mkdir()
    monkeypatch.chdir(in_tmp / "elsewhere")
    outcome = zoo("train", "../my.yaml", "--smoke")
    assert outcome.code == 0, outcome.err
    run = in_tmp / "elsewhere" / "runs" / "image-digits-cnn-1"
    assert "zoo predict runs/image-digits-cnn-1" in outcome.out
    assert "- 4\n    - 8\n" in (run / "recipe.yaml").read_text()
    assert (run / "report.html").stat().st_size > 1000


def test_copy_takes_the_recipes_name_and_never_overwrites(zoo, refused, in_tmp):
    assert zoo("recipes", "copy", DIGITS).code == 0
    (in_tmp / "digits-cnn.yaml").write_text("mine")
    assert "exists already" in refused("recipes", "copy", DIGITS)
    assert "exists already" in refused("recipes", "copy", DIGITS, "digits-cnn.yaml")


def test_copy_to_what_could_not_be_trained_is_refused(refused, in_tmp):
    (in_tmp / "folder").mkdir()
    assert "folder/digits-cnn.yaml" in refused("recipes", "copy", DIGITS, "folder")
    assert "mine.yaml" in refused("recipes", "copy", DIGITS, "mine")


def test_data_shows_counts_licence_and_a_picture(zoo, in_tmp):
    outcome = zoo("data", "digits")
    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["class", "train", "test"] in rows
    assert ["3", "146", "37"] in rows
    assert ["all", "1438", "359"] in rows
    assert "licence: CC BY 4.0" in outcome.out
    with Image.open(in_tmp / "zoo-data-digits.png") as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("L"))
    assert min(pixels.shape) > 200
    assert pixels.std() > 10  # not blank


def test_data_leaves_a_picture_of_yours_alone(zoo, refused, in_tmp):
    (in_tmp / "mine.png").write_bytes(b"mine")
    assert "mine.png already exists" in refused("data", "digits", "--picture", "mine.png")


def test_check_finds_planted_duplicates_and_corrupt_files(zoo, photos):
    shutil.copytree(photos, photos.parent / "split" / "train")
    test = photos.parent / "split" / "test"
    generator = np.random.default_rng(1)
    for name in ("cat", "dog"):
        (test / name).mkdir(parents=True)
        for i in range(3):
            pixels = generator.integers(0, 256, (12, 12, 3), dtype="uint8")
            Image.fromarray(pixels).save(test / name / f"new{i}.png")
    clean = zoo("data", "./split", "--check")
    assert clean.code == 0, clean.out
    shutil.copy(photos / "dog" / "05.png", test / "cat" / "leaked.png")
    cut = test.parent / "train" / "cat" / "03.png"
    cut.write_bytes(cut.read_bytes()[:60])
    outcome = zoo("data", "./split", "--check", "--json")
    assert outcome.code == 1
    checks = outcome.document["checks"]
    assert checks["ok"] is False
    found = {item["check"]: item for item in checks["findings"]}
    assert found["skipped"]["severity"] == "error"
    assert "03.png" in found["skipped"]["examples"][0]
    assert found["duplicates_across_splits"]["severity"] == "error"
    assert found["duplicates_across_splits"]["examples"] == [
        "test test/cat/leaked.png = train train/dog/05.png"
    ]
    text = zoo("data", "./split", "--check")
    assert text.code == 1
    assert "leaked.png" in text.out
    assert "03.png" in text.out


def test_check_accepts_corrupt_files_that_are_left_out_on_purpose(zoo, photos):
    (photos / "cat" / "03.png").write_bytes(b"")
    assert zoo("data", "./photos", "--check").code == 1
    assert zoo("data", "./photos", "--check", "--skip-corrupt").code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("digits", "comes with kerazoo"),
        ("fashion_mnist", "zoo data fashion_mnist --download"),
        ("./photos", "a folder on this machine"),
        ("some_set", "not in kerazoo's own list"),
    ],
)
def test_where_says_how_to_get_it(zoo, photos, name, words):
    outcome = zoo("data", name, "--where")
    assert outcome.code == 0
    assert words in outcome.out


def test_a_folder_is_trained_on_and_its_files_are_predicted(zoo, photos):
    outcome = zoo("train", DIGITS, "data.name=./photos", *SMALL, "--run-dir", "run", "--json")
    assert outcome.code == 0, outcome.err
    files = sorted(photos.rglob("*.png"))[10:14]
    results = zoo("predict", "run", *files, "--json").document
    assert [result["file"] for result in results] == [str(file) for file in files]
    assert {item["label"] for item in results[0]["predictions"]} == {"cat", "dog"}
    evaluated = zoo("evaluate", "run", "--json").document
    assert evaluated["metrics"] == outcome.document["metrics"]


def test_a_run_on_own_data_is_named_after_it(zoo, photos, in_tmp):
    photos.rename(in_tmp / "my photos")
    outcome = zoo("train", DIGITS, "data.name=./my photos", *SMALL)
    assert outcome.code == 0, outcome.err
    run = in_tmp / "runs" / "image-my_photos-cnn_small-1"
    for name in ("report.html", "README.md", "recipe.yaml"):
        assert "andwritten" not in (run / name).read_text()
    assert "cnn_small on my photos" in (run / "report.html").read_text()
    assert "updates: train longer" in (run / "report.html").read_text()


@pytest.mark.slow
def test_commands_that_are_printed_quote_blanks(zoo, in_tmp):
    outcome = zoo("train", DIGITS, *SMALL, "--run-dir", "my run")
    assert "predict  zoo predict 'my run' FILE…" in outcome.out
    assert zoo("recipes", "copy", DIGITS, "my recipe.yaml").out.endswith(
        "zoo train 'my recipe.yaml'\n"
    )


def test_a_folder_of_mixed_sizes_and_colours_is_trained_on_at_one_size(zoo, photos):
    Image.new("L", (20, 15), 99).save(photos / "cat" / "gray.png")
    Image.new("CMYK", (9, 30), (9, 99, 0, 0)).save(photos / "dog" / "cmyk.jpg")
    outcome = zoo(
        "train",
        DIGITS,
        "data.name=./photos",
        "task.arguments.image_size=10",
        *SMALL,
        "--run-dir",
        "run",
    )
    assert outcome.code == 0, outcome.err
    assert "Images differ in size (3 sizes, 12 x 12 to 20 x 15 pixels)" in outcome.err
    assert "task.arguments.image_size" in outcome.err
    outcome = zoo("predict", "run", photos / "cat" / "gray.png", photos / "dog" / "cmyk.jpg")
    assert outcome.code == 0, outcome.err


def test_skip_corrupt_trains_without_the_unreadable_and_counts_them(zoo, photos, in_tmp):
    (photos / "cat" / "03.png").write_bytes(b"no image")
    outcome = zoo(
        "train", DIGITS, "data.name=./photos", *SMALL, "--run-dir", "run", "--skip-corrupt"
    )
    assert outcome.code == 0, outcome.err
    assert "03.png" in (in_tmp / "run" / "report.html").read_text()
    assert "note: 1 file(s) or row(s) that cannot be used were left out: " in outcome.err
    assert "03.png" in outcome.err


@pytest.mark.slow
def test_a_run_remembers_that_it_skipped_the_corrupt(zoo, refused, photos, in_tmp):
    from recipes.runs.folder import resume_command

    (photos / "cat" / "03.png").write_bytes(b"no image")
    constant = ("data.name=./photos", *SMALL, "schedule.name=constant", "schedule.warmup_epochs=0")
    outcome = zoo("train", DIGITS, *constant, "--run-dir", "run", "--skip-corrupt")
    assert outcome.code == 0, outcome.err
    for name in ("README.md", "report.html"):
        text = (in_tmp / "run" / name).read_text()
        assert "zoo train run/recipe.yaml --skip-corrupt" in text
    again = "--continue --skip-corrupt training.epochs=4"
    assert again in refused("train", "run", "--continue", "--run-dir", "longer")
    longer = ("training.epochs=3", "--run-dir", "longer")
    assert zoo("train", "run", "--continue", *longer).code == 0
    (in_tmp / "longer" / "metrics.json").unlink()  # as if it had been stopped
    assert resume_command(in_tmp / "longer").endswith("--resume --skip-corrupt")
    assert "--resume --skip-corrupt" in refused("predict", "longer", photos / "cat" / "00.png")
    outcome = zoo("train", "longer/recipe.yaml", "--run-dir", "longer", "--resume")
    assert outcome.code == 0, outcome.err
