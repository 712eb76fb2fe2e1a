"""Stretches of speech as the text of subtitle files."""

from collections.abc import Callable, Sequence
from typing import Any


def srt(stretches: Sequence[dict[str, Any]]) -> str:
    """Return SubRip text of {"start", "end", "text"} in seconds.

    >>> srt([{"start": 0.0, "end": 61.5, "text": "Go!"}])
    '1\\n00:00:00,000 --> 00:01:01,500\\nGo!\\n\\n'
    """
    return "".join(
        f"{i}\n{_clock(one['start'])} --> {_clock(one['end'])}\n{one['text']}\n\n"
        for i, one in enumerate(stretches, start=1)
    ).replace("\r", "")


def vtt(stretches: Sequence[dict[str, Any]]) -> str:
    """Return WebVTT text of {"start", "end", "text"} in seconds."""
    cues = (
        f"{_clock(one['start'], '.')} --> {_clock(one['end'], '.')}\n{_escaped(one['text'])}\n\n"
        for one in stretches
    )
    return "WEBVTT\n\n" + "".join(cues)


def _clock(seconds: float, sign: str = ",") -> str:
    """Return hours, minutes, seconds and thousandths."""
    whole = round(seconds * 1000)
    minutes, rest = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{sign}{rest % 1000:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


SUBTITLES: dict[str, Callable[[Sequence[dict[str, Any]]], str]] = {"srt": srt, "vtt": vtt}
