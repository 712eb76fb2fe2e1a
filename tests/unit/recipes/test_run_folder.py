"""Where a run goes: a folder of its own, held, and gone again if nothing was written."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from recipes.runs.folder import claimed
from recipes.values.load import dump_yaml, load_recipe
from zoo.errors import DataError, MachineError, RunError
from zoo.files import locked

RECIPE = load_recipe("image/digits-cnn")


def begin(folder, recipe=RECIPE):
    (folder / "recipe.yaml").write_text(dump_yaml(recipe.resolved()))


def test_runs_begun_at_once_get_folders_of_their_own(in_tmp):
    together = Barrier(6)

    def run(seed):
        with claimed(RECIPE.with_values({"training.seed": seed}), None, resume=False) as folder:
            together.wait(timeout=60)
            (folder / "seed").write_text(str(seed))
            return folder

    with ThreadPoolExecutor(6) as pool:
        folders = list(pool.map(run, range(6)))
    assert sorted(folder.name for folder in folders) == [
        f"image-digits-cnn-{n}" for n in range(1, 7)
    ]
    assert [(folder / "seed").read_text() for folder in folders] == list("012345")


def test_a_folder_in_which_a_run_trains_is_neither_taken_nor_resumed(in_tmp):
    for resume in (False, True):
        with (
            claimed(RECIPE, "run", resume=False),
            pytest.raises(RunError, match="is in use by"),
            claimed(RECIPE, "run", resume=resume),
        ):
            pytest.fail("two runs share a folder")


def test_a_run_that_another_process_holds_is_not_resumed(in_tmp):
    with claimed(RECIPE, "run", resume=False) as folder:
        begin(folder)
    with (
        locked("run"),
        pytest.raises(RunError, match=r"in use by process \d+ on .* since 20"),
        claimed(RECIPE, "run", resume=True),
    ):
        pytest.fail("two processes write one folder")
    with claimed(RECIPE, "run", resume=True) as folder:
        assert (folder / "recipe.yaml").exists()
    assert [path.name for path in folder.iterdir()] == ["recipe.yaml"]


@pytest.mark.parametrize("run_dir", [None, "deep/er/run", "there"])
def test_a_start_that_fails_leaves_no_folder_behind(in_tmp, run_dir):
    (in_tmp / "there").mkdir()
    with pytest.raises(DataError), claimed(RECIPE, run_dir, resume=False):
        raise DataError("There is no such data.")
    assert [path.name for path in in_tmp.iterdir()] == ["there"]
    assert list((in_tmp / "there").iterdir()) == []


def test_a_folder_with_other_things_in_it_stays_as_it_is(in_tmp):
    (in_tmp / "mine").mkdir()
    (in_tmp / "mine" / "notes.txt").write_text("mine")
    with (
        pytest.raises(RunError, match="holds other files"),
        claimed(RECIPE, "mine", resume=False),
    ):
        pytest.fail("a folder of other things is taken")
    assert [path.name for path in (in_tmp / "mine").iterdir()] == ["notes.txt"]


def test_a_file_is_not_a_folder(in_tmp):
    (in_tmp / "file").write_text("")
    with pytest.raises(RunError, match="is a file"), claimed(RECIPE, "file", resume=False):
        pass
    with (
        pytest.raises(MachineError, match="cannot be made"),
        claimed(RECIPE, "file/run", resume=False),
    ):
        pass


def test_a_path_with_blanks_is_quoted_in_what_to_do(in_tmp):
    with claimed(RECIPE, "my run", resume=False) as folder:
        begin(folder)
    other = RECIPE.with_values({"training.epochs": 99})
    with pytest.raises(RunError) as caught, claimed(other, "my run", resume=True):
        pass
    assert "zoo train 'my run/recipe.yaml' --run-dir 'my run' --resume" in str(caught.value)
