"""What runs reached becomes `expects`; a further run is judged by it."""

import json

import pytest

import recipes.records.publish
import recipes.records.verify
from recipes.records.publish import expects_of, validation_of, write_expects
from recipes.records.verify import hardware, verify
from recipes.runs.run import Run
from recipes.values.load import load_recipe, recipe_path
from zoo import devices
from zoo.catalog.metrics import ACCURACY
from zoo.columns.assets import Assets
from zoo.errors import RecipeError, RunError
from zoo.metrics.intervals import prediction_interval

DIGITS = "image/digits-cnn"
NOW = {name: devices.versions()[name] for name in ("tensorflow", "keras", "numpy")}


MACHINE = {
    "cpu": "a processor",
    "cores": 2,
    "cpu_flags": ["avx2"],
    "gpus": [],
    "backend": "tensorflow",
}
SEVERAL = {1: 0.97, 2: 0.98, 3: 0.96, 4: 0.99, 5: 0.97}


def run_with(
    folder, *, seed=1, value=0.97, seconds=30.0, fingerprint="data", environment=MACHINE, **values
):
    """A finished run of which only the numbers exist."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = MACHINE | {"versions": NOW | {"jax": "0"}} | environment
    (folder / "environment.json").write_text(json.dumps(environment))
    entry = {"value": value, "low": value - 0.01, "high": value + 0.01}
    return Run(
        name=str(folder),
        recipe=load_recipe(DIGITS).with_values({"training.seed": seed} | values),
        assets=Assets(x={}, y={}),
        metrics={
            "metrics": {"accuracy": entry},
            "seconds": seconds,
            "data_fingerprint": fingerprint,
        },
        weights_path=folder / "weights.safetensors",
        sha256="",
        path=folder,
    )


def runs_with(tmp_path, values, **common):
    return [
        run_with(tmp_path / str(seed), seed=seed, value=value, **common)
        for seed, value in values.items()
    ]


# --- expects of runs


def test_expects_sums_up_runs_by_seed(tmp_path):
    runs = runs_with(tmp_path, {3: 0.97, 1: 0.98, 2: 0.96}, seconds=700.0)
    runs[1].metrics["seconds"] = 750.0
    expects = expects_of(runs)
    low, high = prediction_interval([0.98, 0.96, 0.97], ACCURACY)
    assert list(expects.values.items()) == [(1, 0.98), (2, 0.96), (3, 0.97)]
    assert expects.metric == "accuracy"
    assert expects.mean == pytest.approx(0.97)
    assert (expects.low, expects.high) == (round(low, 6), round(high, 6))
    assert expects.minutes == 11.7  # of the quickest
    assert expects.data_fingerprint == "data"
    assert expects.versions == NOW
    assert expects.hardware == hardware(MACHINE) == "a processor, 2 cores, avx2; tensorflow"


@pytest.mark.parametrize(
    ("fifth", "words"),
    [
        ({"seed": 1}, "5 runs with 4 seeds"),
        ({"training.epochs": 3}, "the current values"),
        ({"regularization.dropout_rate": 0.4}, "the current values"),
        ({"data.max_examples": 160}, "the current values"),
        ({"fingerprint": "other"}, "differ in their data: data; other"),
        ({"environment": {"cpu": "another"}}, "differ in their machine"),
        ({"environment": {"backend": "jax"}}, "differ in their machine"),
        ({"environment": {"versions": {"keras": "0.1"}}}, "differ in their versions"),
    ],
)
def test_runs_that_are_not_repetitions_of_the_recipe_are_refused(tmp_path, fifth, words):
    runs = runs_with(tmp_path, dict(list(SEVERAL.items())[:4]))
    runs.append(run_with(tmp_path / "fifth", **{"seed": 5} | fifth))
    with pytest.raises(RunError, match=words):
        expects_of(runs)


def test_a_recipe_that_leaves_its_preset_open_gets_no_record(tmp_path, monkeypatch):
    runs = runs_with(tmp_path, SEVERAL)
    left_open = load_recipe(DIGITS, "regularization.preset=auto")
    monkeypatch.setattr(recipes.records.publish, "load_recipe", lambda name: left_open)
    with pytest.raises(RunError, match="its record would change with the rules") as caught:
        expects_of(runs)
    assert "regularization.preset: light" in caught.value.fix


def test_three_seeds_are_enough_and_two_are_not(tmp_path):
    runs = runs_with(tmp_path, SEVERAL)
    assert len(expects_of(runs[:3]).values) == 3
    with pytest.raises(RunError, match="3 seeds"):
        expects_of(runs[:2])


def test_runs_made_before_and_after_a_record_belong_together(tmp_path):
    earlier = runs_with(tmp_path, SEVERAL)
    record = expects_of(earlier).model_dump()
    later = run_with(tmp_path / "6", seed=6, value=0.99, expects=record)
    assert later.recipe.expects != "unmeasured"
    assert list(expects_of([*earlier, later]).values) == [1, 2, 3, 4, 5, 6]


def test_the_weight_is_chosen_by_the_validation_of_the_epoch_that_was_kept(tmp_path):
    run = run_with(tmp_path / "a", **{"training.select": "last"})
    (run.path / "history.csv").write_text("epoch,val_accuracy\n1,0.99\n2,0.95\n")
    run.metrics["selection"] = {"best": 0.99}
    assert validation_of(run) == 0.95
    best = run_with(tmp_path / "b", **{"training.select": "best"})
    best.metrics["selection"] = {"best": 0.99}
    assert validation_of(best) == 0.99


# --- in the recipe file


@pytest.fixture
def recipe_file(tmp_path):
    """A copy of the recipe under the name of a path, with its comments, still unmeasured."""
    source = load_recipe(DIGITS)
    path = tmp_path / "mine.yaml"
    text = recipe_path(DIGITS).read_text(encoding="utf-8")
    path.write_text(text.partition("\nexpects:")[0] + "\nexpects: unmeasured\n", encoding="utf-8")
    assert load_recipe(path).with_values({"expects": "unmeasured"}) == source.with_values(
        {"expects": "unmeasured"}
    )
    return path


def test_what_is_written_is_read_back_and_comments_stay(tmp_path, recipe_file):
    before = recipe_file.read_text(encoding="utf-8")
    comments = [line.partition("#")[2] for line in before.splitlines() if "#" in line]
    assert comments
    for values in (SEVERAL, SEVERAL | {2: 0.123456789012, 7: 1e-05}):  # and once more
        expects = expects_of(runs_with(tmp_path, values))
        write_expects(recipe_file, expects)
        text = recipe_file.read_text(encoding="utf-8")
        assert load_recipe(recipe_file).expects == expects
        assert text.startswith(before.partition("expects: unmeasured")[0])
        assert [line.partition("#")[2] for line in text.splitlines() if "#" in line] == comments


def test_a_file_without_the_section_is_left_alone(tmp_path, recipe_file):
    expects = expects_of(runs_with(tmp_path, SEVERAL))
    recipe_file.write_text("name: mine\n", encoding="utf-8")
    with pytest.raises(RunError, match="expects:"):
        write_expects(recipe_file, expects)
    assert recipe_file.read_text(encoding="utf-8") == "name: mine\n"


# --- verdicts


def measured(**changes):
    """The recipe with a record made on this machine and these versions."""
    record = {
        "metric": "accuracy",
        "values": {2: 0.975, 5: 0.98},
        "mean": 0.9775,
        "low": 0.965,
        "high": 0.99,
        "minutes": 0.5,
        "hardware": hardware(MACHINE),
        "data_fingerprint": "data",
        "versions": NOW,
    }
    return load_recipe(DIGITS).with_values({"expects": record | changes})


@pytest.fixture
def reach(monkeypatch, tmp_path):
    """Make training reach a value at once; return the calls."""

    def set_up(**run):
        calls = []

        def train(recipe, **arguments):
            calls.append(arguments)
            return run_with(tmp_path / "again", **run)

        monkeypatch.setattr(recipes.records.verify, "train", train)
        return calls

    return set_up


ELSEWHERE = {"hardware": "another processor"}
OTHER_VERSION = {"versions": NOW | {"keras": "0.1"}}


@pytest.mark.parametrize(
    ("record", "reached", "verdict"),
    [
        ({}, {"value": 0.975}, "equal"),
        ({}, {"value": 0.9750001}, "differs on the machine and versions that made the record"),
        (ELSEWHERE, {"value": 0.975}, "within the interval"),
        (ELSEWHERE, {"value": 0.965}, "within the interval"),
        (OTHER_VERSION, {"value": 0.99}, "within the interval"),
        (ELSEWHERE, {"value": 0.9649}, "outside the interval"),
        (OTHER_VERSION, {"value": 0.9901}, "outside the interval"),
        ({}, {"value": 0.975, "fingerprint": "new"}, "data differs: new, recorded with data"),
    ],
)
def test_the_verdict_names_what_came_of_it(reach, record, reached, verdict):
    reach(**reached)
    result = verify(measured(**record))
    assert result["verdict"] == verdict
    assert result["value"] == reached["value"]
    assert (result["recorded"], result["low"], result["high"]) == (0.975, 0.965, 0.99)
    assert result["recipe"] == DIGITS
    assert result["metric"] == "accuracy"


THREADS = {"arithmetic": {"TF_NUM_INTRAOP_THREADS": "1", "ONEDNN_MAX_CPU_ISA": "AVX2"}}


def test_settings_of_threads_and_of_onednn_are_another_machine(reach):
    reach(value=0.97, environment=THREADS)
    assert verify(measured())["verdict"] == "within the interval"
    described = hardware(MACHINE | THREADS)
    assert "TF_NUM_INTRAOP_THREADS=1" in described and "ONEDNN_MAX_CPU_ISA=AVX2" in described
    reach(value=0.97, environment=THREADS)
    there = verify(measured(hardware=described))
    assert there["verdict"] == "differs on the machine and versions that made the record"


def test_records_without_settings_were_made_with_the_default(reach):
    reach(value=0.975, environment={"arithmetic": {}})
    assert verify(measured())["verdict"] == "equal"  # the record is of a machine that says nothing


@pytest.mark.parametrize(("asked", "seed", "value"), [(None, 2, 0.975), (5, 5, 0.98)])
def test_the_recorded_seed_is_trained_and_compared_with_its_own_value(reach, asked, seed, value):
    calls = reach(value=value)
    result = verify(measured(), seed=asked, data_dir="somewhere")
    assert result["seed"] == seed
    assert result["recorded"] == value
    assert result["verdict"] == "equal"
    (call,) = calls
    assert call["training.seed"] == seed
    assert call["data_dir"] == "somewhere"


def test_the_run_is_kept_where_it_is_asked_for(reach, tmp_path):
    calls = reach(value=0.975)
    verify(measured(), run_dir=tmp_path / "kept")
    verify(measured())
    assert calls[0]["run_dir"] == tmp_path / "kept"
    assert not calls[1]["run_dir"].parent.exists()


def test_an_unstable_recipe_is_verified_where_its_record_was_made(reach, monkeypatch):
    wide = measured(low=0.95, high=0.99)
    monkeypatch.setattr(
        recipes.records.verify.devices, "environment", lambda: MACHINE | {"versions": NOW}
    )
    reach(value=0.975)
    assert verify(wide)["verdict"] == "equal"


@pytest.mark.parametrize(
    ("recipe", "seed", "error", "words"),
    [
        (lambda: load_recipe(DIGITS).with_values({"training.epochs": 7}), None, RecipeError,
         "unmeasured"),
        (lambda: measured(low=0.95, high=0.99), None, RecipeError, "unstable"),
        (measured, 3, RunError, "one of: 2, 5"),
    ],
    ids=["unmeasured", "unstable", "unknown seed"],
)  # fmt: skip
def test_what_cannot_be_verified_is_said_before_anything_is_trained(
    reach, recipe, seed, error, words
):
    calls = reach(value=0.975)
    with pytest.raises(error, match=words):
        verify(recipe(), seed=seed)
    assert not calls
