"""A study asks, runs and tells; whatever interrupts it, resuming repeats nothing and changes nothing."""

import dataclasses
import json
import math
import os
from pathlib import Path

import pytest
from formula import DIGITS, FormulaExecutor, accuracy

from recipes.runs.trained import write_recipe
from recipes.values.load import load_recipe
from tuning.trials import read_trials
from tuning.workers.process import CrashError
from zoo.errors import ArgumentError, DataError, Interrupted, RecipeError, RunError, ZooError
from zoo.files import locked

RATE = "optimizer.learning_rate"


def without_times(trials):
    return [dataclasses.replace(trial, seconds=0.0) for trial in trials]


def trained(executor):
    """The trial numbers that were trained, in order."""
    return [int(r["folder"][-3:]) for action, r in executor.asked if action == "trial"]


class Die(BaseException):
    """What nothing catches: the process is gone."""


def at_trial(number, error):
    """Raise an error when a trial is asked for."""

    def before(action, request):
        if action == "trial" and request["folder"].endswith(f"{number:03d}"):
            raise error

    return before


def test_the_first_trial_is_the_recipe_as_it_is(search, base):
    study, _ = search(max_trials=3)
    first = study.trials[0]
    assert first.values[RATE] == base.optimizer.learning_rate
    assert first.value == accuracy(base)
    assert len(study.trials) == 3


def test_the_best_trial_becomes_a_recipe_that_loads(search, tmp_path):
    study, executor = search(max_trials=6)
    assert study.best.value == max(trial.value for trial in study.trials)
    recipe = load_recipe(tmp_path / "study" / "best_recipe.yaml")
    assert recipe == study.recipe
    assert recipe.name == f"{DIGITS}-tuned"
    assert accuracy(recipe) == study.best.value
    header = (tmp_path / "study" / "best_recipe.yaml").read_text().splitlines()[:2]
    assert f"trial {study.best.number} of 6, random search, seed 0" in header[0]
    assert f"{100 * study.best.value:.2f} %" in header[1]
    assert executor.asked[-1][0] == "finish"
    assert executor.asked[-1][1]["folder"].endswith(f"{study.best.number:03d}")


def test_test_is_read_for_the_best_trial_alone(search, tmp_path):
    study, executor = search(max_trials=5)
    assert [action for action, _ in executor.asked].count("finish") == 1
    tested = [path.parent.name for path in (tmp_path / "study").rglob("metrics.json")]
    assert tested == [f"{study.best.number:03d}"]


def test_each_trials_folder_holds_its_recipe(search, tmp_path):
    study, _ = search(max_trials=4)
    for trial in study.trials:
        recipe = load_recipe(tmp_path / "study" / "trials" / f"{trial.number:03d}" / "recipe.yaml")
        assert recipe.optimizer.learning_rate == trial.values[RATE]
        assert recipe.training.batch_size == trial.values["training.batch_size"]
        assert recipe.data.name == "digits"


@pytest.mark.parametrize("oracle", ["random", "hyperband"])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_resuming_repeats_no_trial_and_ends_as_if_never_interrupted(
    search, tmp_path, oracle, number
):
    whole, _ = search(oracle=oracle, max_trials=7, study=tmp_path / "whole")
    with pytest.raises(Die):
        search(oracle=oracle, max_trials=7, before=at_trial(number, Die()))
    assert len(read_trials(tmp_path / "study")) == number
    assert read_trials(tmp_path / "study")[-1].status == "running"
    study, executor = search(resume=True)
    assert trained(executor) == list(range(number, 8))
    assert without_times(study.trials) == without_times(whole.trials)
    assert study.best.number == whole.best.number


def test_ctrl_c_says_how_to_go_on(search, tmp_path):
    error, _ = search(max_trials=4, before=at_trial(2, KeyboardInterrupt()))
    assert isinstance(error, Interrupted)
    folder = tmp_path / "study"
    assert f"zoo tune {folder}/recipe.yaml --study {folder} --resume" in str(error)
    study, _ = search(recipe=folder / "recipe.yaml", resume=True)
    assert len(study.trials) == 4


def test_dying_while_the_best_run_is_completed_loses_nothing(search):
    def before(action, request):
        if action == "finish":
            raise Die

    with pytest.raises(Die):
        search(max_trials=3, before=before)
    study, executor = search(resume=True)
    assert trained(executor) == []
    assert len(study.trials) == 3


def test_a_finished_study_can_be_extended(search):
    search(max_trials=3)
    study, executor = search(resume=True, max_trials=5)
    assert trained(executor) == [4, 5]
    again, executor = search(resume=True)
    assert trained(executor) == []
    assert without_times(again.trials) == without_times(study.trials)


def test_the_same_seed_gives_the_same_trials(search, tmp_path):
    first, _ = search(max_trials=4, study=tmp_path / "a", seed=3)
    again, _ = search(max_trials=4, study=tmp_path / "b", seed=3)
    other, _ = search(max_trials=4, study=tmp_path / "c", seed=4)
    assert without_times(first.trials) == without_times(again.trials)
    assert without_times(first.trials) != without_times(other.trials)


def test_what_is_given_on_resuming_must_be_what_it_was_begun_with(search, tmp_path, space_file):
    search(max_trials=2)
    other = tmp_path / "other.yaml"
    other.write_text("regularization.dropout_rate: {low: 0.0, high: 0.5}")
    for arguments, words in [
        ({"recipe": "image/fashion_mnist-resnet20"}, "a different recipe"),
        ({"space": other}, "a different space"),
        ({"oracle": "bayesian"}, "a different oracle"),
        ({"seed": 7}, "a different seed"),
    ]:
        error, executor = search(resume=True, **arguments)
        assert isinstance(error, RunError)
        assert words in str(error)
        assert trained(executor) == []
    study, _ = search(resume=True, oracle="random", seed=0, space=space_file)
    assert len(study.trials) == 2


@pytest.mark.parametrize("name", ["study.json", "recipe.yaml", "space.yaml", "trials.jsonl"])
def test_files_of_a_study_that_were_changed_are_noticed(search, tmp_path, name):
    search(max_trials=2)
    path = tmp_path / "study" / name
    path.write_text(path.read_text()[:-20])
    error, executor = search(resume=True, space=None)
    assert isinstance(error, RunError)
    assert name in str(error)
    assert trained(executor) == []


def test_data_that_changed_since_is_noticed(search, tmp_path):
    search(max_trials=2)
    path = tmp_path / "study" / "study.json"
    path.write_text(path.read_text().replace('"fingerprint": "f"', '"fingerprint": "g"'))
    error, _ = search(resume=True)
    assert "data of digits has changed" in str(error)


def test_folders_that_are_taken(search, tmp_path):
    search(max_trials=1)
    error, _ = search(max_trials=1)
    assert "already holds a study" in str(error)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    assert "other files" in str(search(study=tmp_path / "mine")[0])
    assert "is a file" in str(search(study=tmp_path / "mine" / "file")[0])
    assert "no study to resume" in str(search(study=tmp_path / "new", resume=True)[0])
    assert "no study to resume" in str(search(study=None, resume=True)[0])
    assert not (tmp_path / "new").exists()


def test_studies_without_a_folder_get_the_next_free_one(search, in_tmp):
    first, _ = search(max_trials=1, study=None)
    second, _ = search(max_trials=1, study=None)
    assert (str(first.path), str(second.path)) == (
        "studies/image-digits-cnn-1",
        "studies/image-digits-cnn-2",
    )


def test_a_failed_trial_is_recorded_and_the_study_goes_on(search, tmp_path):
    def before(action, request):
        if action == "trial" and request["folder"].endswith("002"):
            error = CrashError("The training process ended with signal 11: why")
            error.log = "all that it said\n"
            raise error
        if action == "trial" and request["folder"].endswith("004"):
            raise RecipeError("Keras refuses it.")

    study, _ = search(max_trials=5, before=before)
    status = [trial.status for trial in study.trials]
    assert status == ["completed", "failed", "completed", "failed", "completed"]
    assert "signal 11" in study.trials[1].message
    assert study.trials[3].message == "Keras refuses it."
    assert (tmp_path / "study" / "trials" / "002" / "error.txt").read_text().startswith("all that")


def test_training_that_diverges_is_a_failed_trial(search, monkeypatch):
    answer = FormulaExecutor.ask

    def ask(self, action, **request):
        found = answer(self, action, **request)
        if action == "trial" and request["folder"].endswith("003"):
            found |= {"value": None, "loss": None, "epoch": 0, "epochs": 4, "stopped": "diverged"}
        return found

    monkeypatch.setattr(FormulaExecutor, "ask", ask)
    study, _ = search(max_trials=4)
    assert study.trials[2].status == "failed"
    assert study.trials[2].message == "training diverged after epoch 4"
    assert study.best.number != 3


def test_three_failures_in_a_row_stop_the_study_and_it_can_go_on(search):
    def before(action, request):
        if action == "trial" and int(request["folder"][-3:]) in (1, 3, 4, 5):
            raise RecipeError("It is too wide.")

    error, executor = search(max_trials=9, before=before)
    assert isinstance(error, RunError)
    assert "3 trials in a row failed" in str(error)
    assert "It is too wide." in str(error)
    assert trained(executor) == [1, 2, 3, 4, 5]
    study, executor = search(resume=True)
    assert trained(executor) == [6, 7, 8, 9]
    assert [trial.status for trial in study.trials].count("failed") == 4


def test_no_result_at_all_says_so(search):
    def before(action, request):
        if action == "trial":
            raise RecipeError("It is too wide.")

    error, _ = search(max_trials=2, before=before)
    assert "No trial produced a result: It is too wide." in str(error)


@pytest.mark.parametrize("action", ["describe", "trial"])
def test_what_every_trial_would_meet_ends_the_study_at_once(search, tmp_path, action):
    def before(asked, request):
        if asked == action:
            raise DataError("fashion_mnist is not prepared.", fix="zoo data fashion_mnist")

    error, executor = search(max_trials=4, before=before)
    assert isinstance(error, DataError)
    assert len(trained(executor)) == (action == "trial")
    assert (tmp_path / "study").exists() == (action == "trial")


def test_values_that_do_not_go_together_are_a_failed_trial(search, tmp_path):
    space = tmp_path / "noise.yaml"
    space.write_text(
        "regularization.noise_low_db: {choices: [5.0, 18.0]}\n"
        "regularization.noise_high_db: {choices: [6.0, 20.0]}\n"
    )
    study, _ = search(max_trials=5, space=space)
    failed = [trial for trial in study.trials if trial.status == "failed"]
    assert [trial.values["regularization.noise_low_db"] for trial in failed] == [18.0]
    assert "noise_low_db" in failed[0].message


def test_no_trial_is_begun_that_cannot_end_in_time(search, monkeypatch):
    import tuning.session
    import tuning.tune

    now = [0.0]

    def tick(action, request):
        now[0] += 9.0 if action == "trial" else 0.0  # the formula says 9 seconds as well

    for module in (tuning.session, tuning.tune):
        monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    study, executor = search(max_trials=20, max_minutes=0.5, before=tick)
    assert trained(executor) == [1, 2, 3]  # 27 of 30 seconds
    assert "time allowed" in study.ended
    assert executor.asked[-1][0] == "finish"


def test_a_trial_that_had_no_time_left_is_the_next_one_later(search, monkeypatch):

    with pytest.raises(Die):
        search(max_trials=4, before=at_trial(3, Die()))
    study, executor = search(resume=True, max_minutes=1e-9)
    assert trained(executor) == []
    assert len(study.trials) == 2
    _, executor = search(resume=True)
    assert trained(executor) == [3, 4]


def test_hyperband_trials_go_on_from_the_checkpoint_of_an_earlier_one(search):
    study, _ = search(oracle="hyperband")
    assert study.ended == "the oracle has nothing more to propose"
    went_on = [trial for trial in study.trials if trial.goes_on_from]
    assert went_on
    for trial in went_on:
        earlier = study.trials[trial.goes_on_from - 1]
        assert trial.values == earlier.values
        assert trial.epochs == 3 * earlier.epochs
        checkpoint = study.path / "trials" / f"{trial.goes_on_from:03d}" / "checkpoints"
        assert (checkpoint / "last.safetensors").read_text() == str(earlier.epochs)
    assert study.best.epochs == 9


def test_a_trial_that_goes_on_keeps_the_preset_that_was_chosen_first(search):
    def choose(action, request):
        folder = Path(request.get("folder", ""))
        if action == "trial":
            recipe = load_recipe(folder / "recipe.yaml")
            preset = ("light", "medium")[int(folder.name) % 2]
            if recipe.regularization.preset == "auto":
                write_recipe(folder, recipe.with_values({"regularization.preset": preset}))

    def preset_of(number):
        return load_recipe(study.path / f"trials/{number:03d}/recipe.yaml").regularization.preset

    left_open = load_recipe(DIGITS, "regularization.preset=auto")
    study, _ = search(before=choose, recipe=left_open, oracle="hyperband")
    longer = [trial for trial in study.trials if trial.goes_on_from]
    assert any((trial.number - trial.goes_on_from) % 2 for trial in longer)
    assert all(preset_of(t.number) == preset_of(t.goes_on_from) for t in longer)
    assert study.recipe.regularization.preset == preset_of(study.best.number)


def test_a_grid_ends_by_itself(search, tmp_path):
    space = tmp_path / "grid.yaml"
    space.write_text("training.batch_size: {choices: [16, 32, 64]}\n")
    study, _ = search(oracle="grid", space=space)
    assert [trial.values["training.batch_size"] for trial in study.trials] == [64, 16, 32]


def test_a_grid_does_not_train_the_recipes_own_values_again(search, tmp_path):
    space = tmp_path / "grid.yaml"
    space.write_text("training.batch_size: {choices: [16, 64, 32]}\n")
    begun, _ = search(oracle="grid", space=space, max_trials=2)
    assert [trial.values["training.batch_size"] for trial in begun.trials] == [64, 16]
    study, executor = search(oracle="grid", space=space, resume=True, max_trials=9)
    assert [trial.values["training.batch_size"] for trial in study.trials] == [64, 16, 32]
    assert [action for action, _ in executor.asked].count("trial") == 1  # the one that was left


def test_an_oracle_that_only_repeats_what_is_known_ends_the_study(search, tmp_path, monkeypatch):
    from tuning.oracles.base import Proposal

    same = Proposal(drawn={"training.batch_size": 64}, epochs=None, goes_on_from=None)
    monkeypatch.setattr("tuning.session.Search.ask", lambda self: same)
    monkeypatch.setattr("tuning.session.Search.tell", lambda self, value: None)
    space = tmp_path / "space.yaml"
    space.write_text("training.batch_size: {choices: [16, 64]}\n")
    study, _ = search(space=space, max_trials=5)
    assert len(study.trials) == 1
    assert study.ended == "the oracle has nothing more to propose"


def test_data_that_changes_while_a_study_runs_ends_it(search, monkeypatch):
    trained = FormulaExecutor.ask

    def ask(self, action, **request):
        found = trained(self, action, **request)
        count = sum(asked == "trial" for asked, _ in self.asked)
        return found | ({"fingerprint": "changed"} if count == 2 else {})

    monkeypatch.setattr(FormulaExecutor, "ask", ask)
    error, executor = search(max_trials=5)
    assert isinstance(error, DataError)
    assert "changed while" in error.problem and "changed" in error.expected
    assert [action for action, _ in executor.asked].count("trial") == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_trials": 0}, "leaves nothing to try"),
        ({"max_minutes": 0}, "is not a length of time"),
        ({"seed": -1}, "is not a valid seed"),
        ({"oracle": "bayes"}, "nearest: bayesian"),
        ({"oracle": "grid"}, "without any"),
        ({"space": "nowhere.yaml"}, "nowhere.yaml"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(search, tmp_path, arguments, words):
    before = sorted(tmp_path.rglob("*"))
    error, executor = search(**arguments)
    assert isinstance(error, ZooError)
    assert words in str(error)
    assert executor.asked == []
    assert sorted(tmp_path.rglob("*")) == before


def test_a_study_that_is_being_worked_on_is_left_alone(search, tmp_path):
    search(max_trials=1)
    with locked(tmp_path / "study"):
        error, _ = search(resume=True, max_trials=2)
    assert f"is in use by process {os.getpid()} on" in str(error)
    study, _ = search(resume=True, max_trials=2)
    assert len(study.trials) == 2


def test_a_study_in_json_holds_finite_numbers_only(search):
    study, _ = search(max_trials=3)
    document = json.loads(json.dumps(study.to_dict(), allow_nan=False))
    assert document["best"]["number"] == study.best.number
    assert len(document["trials"]) == 3
    assert math.isclose(document["test"]["accuracy"]["value"], study.best.value - 0.01)


def test_a_folder_as_data_is_kept_in_full(search, in_tmp, monkeypatch):
    (in_tmp / "pets" / "cat").mkdir(parents=True)
    study, _ = search(
        recipe=load_recipe(DIGITS, "data.name=./pets"), max_trials=1, study=in_tmp / "s"
    )
    assert study.recipe.data.name == os.fspath(in_tmp / "pets")
    monkeypatch.chdir(os.sep)
    again, _ = search(recipe=in_tmp / "s" / "recipe.yaml", study=in_tmp / "s", resume=True)
    assert again.recipe.data.name == os.fspath(in_tmp / "pets")


def test_a_number_of_trials_that_was_reached_is_no_argument_error(search):
    search(max_trials=3)
    study, executor = search(resume=True, max_trials=1)
    assert trained(executor) == []
    assert len(study.trials) == 3
    with pytest.raises(ArgumentError):
        raise search(resume=True, max_trials=0)[0]
