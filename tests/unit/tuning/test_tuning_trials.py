"""The table of trials is the truth of a study: whole, readable, and what the best is taken from."""

import csv
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.trials import Trial, best_trial, read_trials, write_trials
from zoo.errors import RunError


def trial(number=1, value=0.9, **changes):
    status = "failed" if value is None else "completed"
    fields = {"status": status, "values": {"a.b": 1}, "epochs": 3} | changes
    return Trial(number=number, value=value, **fields)


def test_a_table_survives_its_file(tmp_path):
    drawn = {"a.b": 0.1 + 0.2, "tuner/trial_id": "0003"}
    trials = [trial(), trial(2, 1 / 3, drawn=drawn, goes_on_from=1), trial(3, None, message="no")]
    write_trials(tmp_path, trials)
    assert read_trials(tmp_path) == trials


def test_no_table_is_no_trial(tmp_path):
    assert read_trials(tmp_path) == []


def test_the_sheet_has_a_column_for_each_searched_field(tmp_path):
    values = {"a.widths": [4, 8], "a.rate": 0.5, "a.flip": True, "a.name": "x", "a.no": None}
    write_trials(tmp_path, [trial(values=values)])
    (row,) = csv.DictReader((tmp_path / "trials.csv").open())
    assert {key: row[key] for key in values} == {
        "a.widths": "[4, 8]", "a.rate": "0.5", "a.flip": "True", "a.name": "x", "a.no": "",
    }  # fmt: skip
    assert row["value"] == "0.9"
    assert row["status"] == "completed"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-5],
        lambda text: text.replace('"number": 2', '"number": 3'),
        lambda text: text.replace('"epochs"', '"epohcs"'),
        lambda text: "[]\n",
        lambda text: text + "nonsense\n",
        lambda text: "\n" + text,
    ],
)
def test_a_changed_table_is_refused(tmp_path, change):
    write_trials(tmp_path, [trial(), trial(2)])
    path = tmp_path / "trials.jsonl"
    path.write_text(change(path.read_text()))
    with pytest.raises(RunError, match=r"trials\.jsonl cannot be read"):
        read_trials(tmp_path)


def test_what_json_cannot_hold_is_never_written(tmp_path):
    write_trials(tmp_path, [trial()])
    with pytest.raises(ValueError, match="JSON"):
        write_trials(tmp_path, [trial(value=float("nan"))])
    assert read_trials(tmp_path) == [trial()]


@pytest.mark.parametrize(
    ("mode", "wanted"),
    [("max", 3), ("min", 4)],
)
def test_the_best_is_by_direction_then_loss_then_number(mode, wanted):
    trials = [
        trial(1, None),
        trial(2, 0.9, loss=0.5),
        trial(3, 0.9, loss=0.4),
        trial(4, 0.1, loss=0.4),
        trial(5, 0.1, loss=0.4),
        trial(6, 0.1),
        dataclasses.replace(trial(7, 2.0), status="running"),
    ]
    assert best_trial(trials, mode=mode).number == wanted


def test_no_trial_is_best_of_none():
    assert best_trial([trial(1, None)], mode="max") is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.sampled_from(["max", "min"]))
@settings(max_examples=25, deadline=None)
def test_nothing_beats_the_best(values, mode):
    trials = [trial(i + 1, value) for i, value in enumerate(values)]
    assert best_trial(trials, mode=mode).value == (max if mode == "max" else min)(values)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        max_size=4,
    )
)
@settings(max_examples=25, deadline=None)
def test_any_values_survive_a_line_of_json(values):
    values = {k: v for k, v in values.items() if v not in (float("inf"), float("-inf"))}
    line = json.dumps(dataclasses.asdict(trial(values=values)), allow_nan=False)
    assert "\n" not in line
    assert Trial(**json.loads(line)) == trial(values=values)
