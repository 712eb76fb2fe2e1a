"""Counts, figures and spans of time as people write them."""

CORRELATIONS = ("spearman", "mcc")


def human(count: int | None) -> str:
    """Return a count in three digits with a unit of thousands; a dash for None.

    >>> human(269_722), human(40_551_040), human(999_999), human(12)
    ('270 k', '40.6 M', '1 M', '12')
    """
    if count is None:
        return "–"
    for limit, unit in ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if count >= 0.9995 * limit:  # rounds up to the limit
            return f"{count / limit:.3g}{unit}"
    return str(count)


def figure(metric: str | None, value: float | None) -> str:
    """Return a published figure: a share as per cent, a correlation as a number; a dash for None.

    >>> figure("accuracy", 0.915), figure("spearman", 0.8203), figure(None, None)
    ('91.5 %', '0.820', '–')
    """
    if value is None:
        return "–"
    return f"{value:.3f}" if metric in CORRELATIONS else f"{100 * value:.1f} %"


def clock(seconds: float) -> str:
    """Return a span of time as on a clock.

    >>> clock(75), clock(3700)
    ('1:15', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
