"""Numbers as sentences say them: two significant digits, a unit always, a comparison where there is one."""

from __future__ import annotations

from math import floor, log10

from radar import cldr
from radar.labels import _, ngettext
from radar.signals import MONTH_S, ONE, Signal, counted


def bound(text: str) -> str:
    """With each percent sign on the line of its number."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def rough(value: float, digits: int = 2) -> str:
    """Two significant digits with groups, or as many as are asked for: 12345 as "12,000", 0.0421 as "0.042"."""
    if value == 0:
        return "0"
    places = digits - 1 - floor(log10(abs(value)))
    text = f"{round(value, places):,.{max(places, 0)}f}"
    return cldr.written(text.rstrip("0").rstrip(".") if "." in text else text)


def ends(low: float, high: float) -> tuple[str, str]:
    """Both ends of an interval, with as many digits as it takes to tell them apart, four at most.

    >>> ends(139.8, 140.2), ends(20, 140)
    (('139.8', '140.2'), ('20', '140'))
    """
    for digits in (2, 3, 4):
        told = rough(low, digits), rough(high, digits)
        if told[0] != told[1]:
            break
    return told


def quantity(value: float, signal: Signal) -> str:
    """A value with its unit: "9,000 requests", "1 request", "under 1 request", "4.2 %", "44 ms", "index 13"."""
    if signal.scale in ("share", "ratio"):
        return f"{rough(value * 100)} %"
    if signal.unit == "index":
        return _("index {n}").format(n=rough(value))
    if signal.unit not in ONE:
        return f"{rough(value)} {_(signal.unit)}"
    is_part = signal.scale == "count" and 0 < value < 1
    told = _("under {n}").format(n=1) if is_part else rough(value)
    one, many = counted(signal.unit)
    return ngettext(one, many, 1 if is_part or told == "1" else 2).format(n=told)


def compared(value: float, normal: float, signal: Signal) -> str:
    """A value against its normal, in the words that fit the scale."""
    if signal.scale in ("share", "ratio"):
        return _("normal is {normal}").format(normal=quantity(normal, signal))
    if normal <= 0:
        return _("normal is {normal}").format(normal=quantity(normal, signal))
    if signal.scale == "count" and max(value, normal) < 1:
        return _("normal is {normal}").format(normal=quantity(normal, signal))
    change = value / normal - 1
    if abs(change) < 0.02:
        return _("as usual")
    if change > 9:
        return _("{n} times normal").format(n=rough(value / normal))
    if change > 0:
        return _("{n} % above normal").format(n=rough(change * 100))
    return _("{n} % below normal").format(n=rough(-change * 100))


def grain(step_s: int) -> str:
    """The width of a bin in words: "5 min", "2 h", "1 day", "month"."""
    if step_s == MONTH_S:
        return _("month")
    if step_s < 3600:
        return _("{n} min").format(n=step_s // 60)
    if step_s < 86_400:
        return _("{n} h").format(n=step_s // 3600)
    days = step_s // 86_400
    return _("day") if days == 1 else _("{n} days").format(n=days)
