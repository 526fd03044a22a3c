"""How figures write numbers, times and markup: one spelling for SVG, Plotly and tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape
from math import floor, log10

from radar import cldr
from radar.signals import MONTH_S

#: Units whose numbers run from 0 to 1 and are read as percent.
_SHARES = frozenset({"share", "ratio"})
_STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def esc(text: object) -> str:
    """Text for XML content and attributes; characters that XML forbids are dropped."""
    clean = "".join(
        c for c in str(text) if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c < "\ufffe")
    )
    return escape(clean, quote=True)


def bare(text: object) -> str:
    """Text for Plotly, which reads some HTML: nothing in it becomes a tag or a template."""
    return escape(str(text), quote=False).replace("%{", "% {")


def num(x: float) -> str:
    """A coordinate: one decimal, no needless zero, no minus zero."""
    text = f"{x:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def is_share(unit: str) -> bool:
    """Whether numbers of this unit are drawn as percent."""
    return unit in _SHARES


def short(value: float, unit: str = "") -> str:
    """A number for an axis or a label, three significant digits: "0", "1.25k", "3.2M", "4.5 %" for shares.

    >>> short(12500), short(0.042, "share")
    ('12.5k', '4.2 %')
    """
    if is_share(unit):
        return cldr.written(f"{_digits(value * 100)} %")
    for size, letter in _STEPS:
        if abs(value) >= size * 0.9995:
            return cldr.written(f"{_digits(value / size)}{letter}")
    return cldr.written(_digits(value))


def _digits(value: float) -> str:
    if value == 0:
        return "0"
    places = max(0, min(6, 2 - floor(log10(abs(value)))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_words(unit: str) -> str:
    """The unit as written at an axis; shares are said to be percent by their numbers, so nothing is added."""
    return "" if is_share(unit) else unit


def utc(moment: datetime) -> str:
    """RFC 3339 with Z, whole seconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def day(moment: datetime) -> str:
    """ "2 Mar 2026", the same on every machine."""
    return cldr.short_day(moment)


def clock(moment: datetime) -> str:
    """ "2 Mar 2026, 14:05 UTC"."""
    return f"{day(moment)}, {moment:%H:%M} UTC"


def bin_time(start: datetime, step_s: int, i: int) -> datetime:
    """Start of bin ``i``. Months have no fixed length: they are counted in the calendar."""
    if step_s != MONTH_S:
        return start + timedelta(seconds=step_s * i)
    months = start.year * 12 + start.month - 1 + i
    return start.replace(year=months // 12, month=months % 12 + 1, day=1)
