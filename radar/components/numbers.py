"""Numbers as sentences say them: two significant digits, a unit always, a comparison where there is one."""

from __future__ import annotations

from math import floor, log10

from radar import cldr
from radar.labels import _
from radar.signals import MONTH_S, Signal


def rough(value: float) -> str:
    """Two significant digits with thin groups: 12345 as "12,000", 0.0421 as "0.042"."""
    if value == 0:
        return "0"
    places = 1 - floor(log10(abs(value)))
    rounded = round(value, places)
    if abs(rounded) >= 10:
        return cldr.fixed(rounded)
    return cldr.written(f"{rounded:.{max(places, 0)}f}".rstrip("0").rstrip("."))


def quantity(value: float, signal: Signal) -> str:
    """A value with its unit: "9,000 requests", "4.2 %", "44 ms", "index 13"."""
    if signal.scale in ("share", "ratio"):
        return f"{rough(value * 100)} %"
    if signal.unit == "index":
        return _("index {n}").format(n=rough(value))
    return f"{rough(value)} {_(signal.unit)}"


def compared(value: float, normal: float, signal: Signal) -> str:
    """A value against its normal, in the words that fit the scale."""
    if signal.scale in ("share", "ratio"):
        return _("normal is {normal}").format(normal=quantity(normal, signal))
    if normal <= 0:
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
