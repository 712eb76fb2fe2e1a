"""The search report stands alone, says who selected, and escapes what it is given."""

import dataclasses
import html.parser
import math

import numpy as np
import pytest

from tuning.plan import Plan
from tuning.report.figures import svg
from tuning.report.html import render, write_report
from tuning.space import make_space
from tuning.study import Study
from tuning.trials import Trial, best_trial
from zoo.catalog.metrics import ACCURACY, LOSS


def made(base, space, folder, *, count=12, mode="max", failed=(4,)):
    """A study of made-up trials whose metric falls with dropout."""
    generator = np.random.default_rng(0)
    trials = []
    for number in range(1, count + 1):
        values = space.own_values(base)
        if number > 1:
            values = {
                "optimizer.learning_rate": float(f"{10 ** generator.uniform(-4, -1):.4g}"),
                "regularization.dropout_rate": float(generator.integers(6)) / 10,
                "training.batch_size": (16, 32, 64)[generator.integers(3)],
            }
        value = 0.9 - 0.3 * values["regularization.dropout_rate"]
        done = {"status": "completed", "value": value, "loss": 1 - value, "epoch": 9}
        lost = {"status": "failed", "message": "training <b>diverged</b>"}
        trials.append(
            Trial(
                number=number,
                values=values,
                epochs=9,
                seconds=10.0,
                **(lost if number in failed else done),
            )
        )
    plan = Plan(recipe=base, space=space, oracle="random", seed=0, max_trials=count)
    best = best_trial(trials, mode=mode)
    return Study(
        path=folder,
        plan=plan,
        metric="accuracy",
        mode=mode,
        trials=trials,
        best=best,
        recipe=plan.recipe_of(best),
        test={"accuracy": {"value": 0.8765, "low": 0.8, "high": 0.9}},
        epochs=9,
        ended="all trials were run",
    )


class Page(html.parser.HTMLParser):
    """Collects tags, addresses and ids of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.ids = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(value)
            if name == "id":
                self.ids.append(value)


def test_the_report_needs_nothing_else_and_runs_nothing(base, space, tmp_path):
    study = made(base, space, tmp_path)
    page = Page(write_report(study).read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert len(set(page.ids)) == len(page.ids)
    links = {address[1:] for address in page.addresses if address.startswith("#")}
    assert {"best", "progress", "fields", "importance", "trials", "recipe"} <= links
    assert links <= set(page.ids)
    for name in ("progress", "slices", "importance"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_report_says_that_validation_selected_and_shows_test_apart(base, space, tmp_path):
    text = render(made(base, space, tmp_path), None)
    assert "Validation chose this trial" in text
    assert "The test split below had no influence" in text
    assert "Accuracy on test" in text
    assert "87.65 %" in text
    assert "The test split was read once" in text


def test_a_study_that_was_extended_says_which_trials_were_tested(base, space, tmp_path):
    for number in (2, 7):
        (tmp_path / "trials" / f"{number:03d}").mkdir(parents=True)
        (tmp_path / "trials" / f"{number:03d}" / "metrics.json").write_text("{}")
    assert "for the trials 2, 7" in render(made(base, space, tmp_path), None)


def test_the_recipe_itself_may_be_best(base, space, tmp_path):
    study = made(base, space, tmp_path, count=1)
    text = render(study, None)
    assert "No trial was better than the recipe as it is" in text


def test_messages_are_escaped_and_failed_trials_shown(base, space, tmp_path):
    text = render(made(base, space, tmp_path), None)
    assert "training &lt;b&gt;diverged&lt;/b&gt;" in text
    assert "1 failed" in text


def test_long_tables_are_folded(base, space, tmp_path):
    text = render(made(base, space, tmp_path, count=40), None)
    assert "The other 10 trials" in text


def test_a_continued_trials_time_is_counted_once(base, space, tmp_path):
    study = made(base, space, tmp_path, count=3, failed=())
    trials = [*study.trials[:2], dataclasses.replace(study.trials[2], goes_on_from=2, seconds=25.0)]
    text = render(dataclasses.replace(study, trials=trials), None)
    assert "35.0 s" in text  # 10 + 10 + 15
    assert "9/9, from 2" in text


@pytest.mark.parametrize("mode", ["max", "min"])
def test_values_far_off_do_not_squeeze_the_others(base, space, tmp_path, mode):
    from tuning.report import figures

    study = made(base, space, tmp_path, failed=())
    off = -50.0 if mode == "max" else 50.0
    trials = [*study.trials, dataclasses.replace(study.trials[3], number=13, value=off)]
    shown = {}

    def draw(axes):
        figures.progress(axes, trials, metric=LOSS, mode=mode)
        shown["limits"] = axes.get_ylim()

    assert svg("progress", draw, width=4, height=3).startswith("<svg")
    low, high = shown["limits"]
    assert 0.3 < low < 0.8
    assert 0.85 < high < 1.2


def test_figures_of_every_kind_of_field_and_of_nothing_can_be_drawn(base, tmp_path):
    from tuning.report.figures import save_figures

    values = {
        "model.arguments.widths": {"choices": [[4], [4, 8]]},
        "regularization.flip": {"choices": [True, False]},
        "regularization.auto_augment": {"choices": ["", "rand"]},
        "training.batch_size": {"low": 8, "high": 64, "sampling": "log"},
    }
    space = make_space(values, base, source="test")
    first = Trial(number=1, values=space.own_values(base), epochs=9)
    done = dataclasses.replace(first, status="completed", value=0.5)
    for trials in ([], [first], [done]):
        save_figures(tmp_path, trials, space.fields, metric=ACCURACY, mode="max", found=None)
    assert math.isfinite((tmp_path / "slices.png").stat().st_size)
