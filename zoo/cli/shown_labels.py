"""The word for a result in tables and files: its first answer, unless it is not to be relied on."""

from typing import Any

UNCERTAIN = "uncertain"  # in place of a label whose probability is below --threshold
ABSTAINED = "abstained"  # in place of a label that --abstain does not accept


def shown_label(result: dict[str, Any]) -> str:
    """Return the first answer, or a word in its place.

    >>> shown_label({"predictions": [{"label": "cat"}], "abstained": True})
    'abstained'
    """
    if result.get("abstained"):
        return ABSTAINED
    return UNCERTAIN if result.get("uncertain") else result["predictions"][0]["label"]
