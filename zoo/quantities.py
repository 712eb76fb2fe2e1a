"""Counts and spans of time as people write them."""


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


def clock(seconds: float) -> str:
    """Return a span of time as on a clock.

    >>> clock(75), clock(3700)
    ('1:15', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
