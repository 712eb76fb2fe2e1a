"""Keyword spotting: which of a few words is spoken in a clip."""

from typing import final

from zoo.tasks.clips import ClipClassification


@final
class KeywordSpotting(ClipClassification):
    """One of a few words for a clip. Arguments as `ClipClassification`."""

    name = "keyword_spotting"
