"""Subtitle files."""

from zoo.cli.subtitle_forms import srt, vtt

STRETCHES = [
    {"start": 0.0, "end": 61.5, "text": "Go!"},
    {"start": 3599.999, "end": 36_000.02, "text": "1 < 2 & 3"},
]


def test_subrip_counts_and_has_commas():
    assert srt(STRETCHES) == (
        "1\n00:00:00,000 --> 00:01:01,500\nGo!\n\n2\n00:59:59,999 --> 10:00:00,020\n1 < 2 & 3\n\n"
    )


def test_webvtt_has_a_header_points_and_escaped_signs():
    assert vtt(STRETCHES) == (
        "WEBVTT\n\n00:00:00.000 --> 00:01:01.500\nGo!\n\n"
        "00:59:59.999 --> 10:00:00.020\n1 &lt; 2 &amp; 3\n\n"
    )
    assert vtt([]) == "WEBVTT\n\n"
