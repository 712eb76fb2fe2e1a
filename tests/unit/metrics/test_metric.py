"""A metric's unit, digits and direction travel with it."""

import math

import pytest

from zoo.catalog.metrics import ACCURACY, BITS_PER_CHARACTER, LOSS, PERPLEXITY
from zoo.errors import ArgumentError
from zoo.metrics.base import Metric, metric_named

BLEU = Metric("bleu", unit="points", label="BLEU", digits=1)
WER = Metric("wer", "min", "error rate")


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        (ACCURACY, 0.92, "92.00 %"),
        (LOSS, 0.123456, "0.1235 nats"),
        (LOSS, math.nan, "not a number"),
        (LOSS, None, "not a number"),
        (PERPLEXITY, 4.97343, "4.973"),
        (BITS_PER_CHARACTER, 2, "2.0000 bits"),
        (BLEU, 34.27, "34.3 points"),
        (BLEU, 100.0, "100.0 points"),
        (WER, 1.2, "120.00 %"),
    ],
)
def test_values_are_shown_in_their_unit(metric, value, shown):
    assert metric.text(value) == shown


def test_an_interval_has_the_unit_once():
    assert ACCURACY.span({"low": 0.91, "high": 0.93}) == "91.00–93.00 %"
    assert BLEU.span({"low": 33.1, "high": 100.0}) == "33.1–100.0 points"
    assert Metric("gain", unit="dB").span({"low": -1, "high": 2}) == "-1.00 – 2.00 dB"
    assert ACCURACY.span({"value": 0.9}) == ACCURACY.span({"low": None, "high": None}) == ""


def test_only_shares_end_at_1_and_only_shares_and_rates_begin_at_0():
    assert (ACCURACY.clip(1.1), ACCURACY.clip(-0.1)) == (1, 0)
    assert (WER.clip(1.1), WER.clip(-0.1)) == (1.1, 0)
    assert (BLEU.clip(100.0), LOSS.clip(-1.0)) == (100, -1)


def test_better_is_up_or_down():
    assert (ACCURACY.sign, LOSS.sign) == (1, -1)
    with pytest.raises(ArgumentError, match="neither max nor min"):
        Metric("accuracy", mode="higher")


def test_a_label_is_made_of_the_name_where_none_is_given():
    assert Metric("word_error_rate").label == "Word error rate"
    assert metric_named("bleu", [WER, BLEU]) is BLEU
    assert metric_named("unheard_of", [WER]).text(0.5) == "0.5000"
