"""One line a trial in a pipe, a live line on a terminal, and silence when asked."""

import io

import pytest
from rich.console import Console

from tuning.progress import StudyDisplay, short_names, short_values
from tuning.trials import Trial
from zoo.catalog.metrics import ACCURACY
from zoo.quantities import clock

VALUES = {"optimizer.learning_rate": 0.01, "training.batch_size": 64}


def trial(number, value=None, **changes):
    fields = {"status": "completed", "values": VALUES, "epochs": 3, "seconds": 75.0} | changes
    return Trial(number=number, value=value, **fields)


@pytest.fixture
def history(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss,val_accuracy\n1,1.0,0.5\n2,0.5,0.75\n")
    return tmp_path


def shown(display, run):
    """What a display writes to a console that is not a terminal."""
    stream = io.StringIO()
    display.console = Console(file=stream, width=300)
    run(display)
    display.close()
    return stream.getvalue()


def test_a_pipe_gets_one_plain_line_a_trial(history):
    def run(display):
        display.begin(trial(2), history)
        display.waiting()
        display.end(trial(2, 0.75), trial(1, 0.8), seconds_left=150.0)

    text = shown(StudyDisplay(metric=ACCURACY, max_trials=4), run)
    assert text == (
        "trial   2/4  val_accuracy 75.00 %  best 80.00 % (trial 1)  1:15  "
        "learning_rate=0.01 batch_size=64  2:30 left\n"
    )


def test_a_failed_trial_says_why_and_brackets_stay(history):
    def run(display):
        lost = trial(3, status="failed", message="no [bold] idea")
        display.end(lost, None, seconds_left=None)

    text = shown(StudyDisplay(metric=ACCURACY, max_trials=None), run)
    assert text.startswith("trial   3  failed: no [bold] idea  1:15")
    assert "/" not in text


def test_a_terminal_shows_the_epoch_under_way(history, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(
        "tuning.progress.Console",
        lambda **_: Console(file=stream, force_terminal=True, width=200),
    )
    display = StudyDisplay(metric=ACCURACY, max_trials=4)
    display.begin(trial(1), history)
    display.end(trial(1, 0.7), trial(1, 0.7), seconds_left=60.0)
    display.begin(trial(2), history)
    display.waiting()
    display._bar.refresh()
    display.close()
    text = stream.getvalue()
    assert "trial   2/4  epoch 2/3" in text
    assert "val_accuracy 75.00 %" in text
    assert "best 70.00 % (trial 1)" in text
    assert "1:00 left" in text
    assert text.endswith("\x1b[?25h") or "\x1b[?25h" in text  # the cursor is back


def test_silence_when_asked(history, capsys):
    display = StudyDisplay(metric=ACCURACY, max_trials=4, shown=False)
    display.begin(trial(2), history)
    display.end(trial(2, 0.75), None, seconds_left=None)
    display.close()
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_names_are_short_where_that_is_clear():
    assert short_names(["a.rate", "b.size"]) == ["rate", "size"]
    assert short_names(["a.rate", "b.rate", "c.x"]) == ["a.rate", "b.rate", "x"]
    assert short_values({"a.rate": [1, 2]}) == "rate=[1, 2]"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3600, "1:00:00")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text
