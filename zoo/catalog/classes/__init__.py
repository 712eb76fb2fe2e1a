"""Names of the classes that published weights tell apart.

`imagenet_1k.tsv` has a line per class of ILSVRC 2012 in the order of its synsets: the WordNet 3.0 id and
the first name of the synset (Princeton University, WordNet licence); where two share it, the kind is
added.
"""

from pathlib import Path

CIFAR10 = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
COUNTS = {"imagenet_1k": 1000, "imagenet_21k": 21_843, "imagenet_22k": 21_841, "cifar10": 10}
COUNTS |= {"whisper": 51_865}  # ids of its vocabulary, times included


def class_names(name: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the classes by position; their numbers where names are not kept.

    Args:
        name: of a set of classes; or the names themselves, which are returned.

    >>> class_names("cifar10")[3], class_names("imagenet_1k")[0]
    ('cat', 'tench')
    """
    if not isinstance(name, str):
        return tuple(name)
    if name == "cifar10":
        return CIFAR10
    if name == "imagenet_1k":
        return tuple(label for _, label in _synsets())
    return tuple(map(str, range(COUNTS.get(name, 0))))


def class_ids(name: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the ids that folders of such data are named after; empty where there are none.

    >>> class_ids("imagenet_1k")[0]
    'n01440764'
    """
    return tuple(synset for synset, _ in _synsets()) if name == "imagenet_1k" else ()


def _synsets() -> list[tuple[str, str]]:
    text = (Path(__file__).parent / "imagenet_1k.tsv").read_text(encoding="utf-8")
    return [tuple(line.split("\t")) for line in text.splitlines()]
