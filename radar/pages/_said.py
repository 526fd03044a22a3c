"""What a chart says in words: its sentence, its unit, and how its newest bin stands."""

from __future__ import annotations

from datetime import datetime, timedelta

from radar.api import points, windows
from radar.components import numbers, times
from radar.figures.text import is_share
from radar.labels import N_, _
from radar.pages._read import Snapshot
from radar.signals import split

_HOUR_S, _DAY_S = 3600, 86_400

#: Name of the dotted line beside it.
NAMES: dict[points.Against, str] = {
    "forecast": N_("normal"),
    "week": N_("last week"),
    "median": N_("4 weeks"),
}

_BEFORE: dict[points.Against, tuple[str, str, str, str, str]] = {
    "week": (N_("a week before it was {normal}"), N_("as a week before"), N_("{n} times that of a week before"),
             N_("{n} % above that of a week before"), N_("{n} % below that of a week before")),
    "median": (N_("the middle of four weeks is {normal}"), N_("as in the four weeks before"),
               N_("{n} times the middle of four weeks"), N_("{n} % above the middle of four weeks"),
               N_("{n} % below the middle of four weeks")),
}  # fmt: skip

_PARTS: dict[points.Against, str] = {
    "forecast": N_("{n} % of normal"),
    "week": N_("{n} % of that of a week before"),
    "median": N_("{n} % of the middle of four weeks"),
}


def newest(row: points.Drawn) -> int | None:
    """The newest window with a value; None where there is none."""
    values = row.columns["value"]
    return next((i for i in range(len(values) - 1, -1, -1) if values[i] is not None), None)


def unit(row: points.Drawn) -> str:
    """The unit at the axis; of a count with the time that it counts over."""
    signal = row.wanted.signal
    if row.scale == "raw" and signal.scale == "count" and not signal.level:
        step_s = row.wanted.group.grain_s
        grain = _("hour") if step_s == _HOUR_S else numbers.grain(step_s)
        return _("{unit} per {grain}").format(unit=_(signal.unit), grain=grain)
    return row.unit if is_share(row.unit) else _(row.unit)


def condition(row: points.Drawn, snapshot: Snapshot, fresh: points.Drawn | None = None) -> str:
    """How a series stands against what the detector expects, by its newest bin: of ``fresh``, its last hours bin by
    bin, where they are at hand, so that it is the same whatever stretch is looked at; else by the newest window drawn.

    within, outside (of the band), weak or gone (beyond the threshold, gone: more than half is missing); and where that
    cannot be said: silent (nothing came since), unjudged (a value, but the detector could not judge it: too few
    measurements, or our own fault), unknown (nothing to hold it against).
    """
    if silent_since(row, snapshot, fresh) is not None:
        return "silent"
    if fresh is not None:
        row = fresh
    at = newest(row)
    if at is None:
        return "unknown"
    signal, columns = row.wanted.signal, row.judged
    value, lo, hi, threshold = (columns[name][at] for name in ("value", "lo", "hi", "threshold"))
    if value is None or lo is None or hi is None:
        return "unknown"
    if columns["score"][at] is None:
        return "unjudged"
    low = signal.bad == "low"
    if threshold is not None and (value < threshold if low else value > threshold):
        normal = columns["baseline"][at]
        return "gone" if low and normal and value < normal / 2 else "weak"
    inside = value >= lo if low else value <= hi
    return "within" if inside else "outside"


def sentence(
    row: points.Drawn, snapshot: Snapshot, *, recorded: datetime | None, fresh: points.Drawn | None = None
) -> str:
    """The one sentence of a chart: its newest value, when, against what; and since when nothing came. ``recorded``: of
    a recorded set when its newest value is of. ``fresh``: as in ``condition``."""
    at, moments = newest(row), row.times
    value = row.columns["value"][at] if at is not None else None
    if at is None or value is None:
        return _("No data in this range.")
    if recorded is not None:
        return _("Recorded from {start} to {end}; the newest value is {value}.").format(
            start=times.date_words(times.rfc3339(row.wanted.since)), end=times.date_words(times.rfc3339(recorded)),
            value=_quantity(row, value))  # fmt: skip
    when, against = times.words(times.rfc3339(moments[at]), snapshot.now), _against(row, at, value)
    form = _("{value} at {when}{against}.")
    if row.wanted.step_s >= _DAY_S:
        form, when = _("{value} on average on {when}{against}."), times.date_words(times.rfc3339(moments[at]))
    elif row.wanted.step_s > row.wanted.group.grain_s:
        form = _("{value} on average in the {span} from {when}{against}.")
    text = form.format(value=_quantity(row, value), when=when, against=against, span=numbers.grain(row.wanted.step_s))
    later = windows.later(moments[at], row.wanted.step_s, 1)
    begun = times.words(times.rfc3339(later), snapshot.now)
    since = silent_since(row, snapshot, fresh)
    if since is not None:
        when = times.words(times.rfc3339(since), snapshot.now)
        form = _("Too little came since {begun} to draw it, and no data since {when}.")
        text += " " + (form if since > later else _("No data since {when}.")).format(begun=begun, when=when)
    elif fresh is not None and silent_since(row, snapshot) is not None:
        text += " " + _("Too little came since {when} to draw it.").format(when=begun)
    running = fresh is not None and row.wanted.until >= times.parse(snapshot.now)
    if running and row.wanted.signal.judges(row.wanted.entity) and condition(row, snapshot, fresh) == "unjudged":
        text += " " + _("It cannot be judged just now.")
    return text


def by_days(row: points.Drawn, snapshot: Snapshot) -> str:
    """What is said of a series that fell so slowly that the normal of its chart fell with it; "" of others."""
    for outage in snapshot.outages:
        if outage["entity"] != row.wanted.entity or outage.get("rule") != "slow_degradation":
            continue
        for seen in outage["signals"]:
            if f"{seen['signal']}@{seen['source']}" == row.wanted.series_id and "numbers" in seen:
                made, signal = seen["numbers"], row.wanted.signal
                return _("The outage is judged by days and not by the line of normal, which follows: {value} at the "
                         "worst against {normal} in the weeks before {day}.").format(
                    value=numbers.quantity(made["value"], signal), normal=numbers.quantity(made["baseline"], signal),
                    day=times.date_words(outage["start"]))  # fmt: skip
    return ""


def silent_since(row: points.Drawn, snapshot: Snapshot, fresh: points.Drawn | None = None) -> datetime | None:
    """The end of the newest bin with a value, where more is missing after it than may be: two bins and twice the
    source's usual lag. By the windows that are drawn, where the last hours (``fresh``) hold nothing."""
    if fresh is not None and newest(fresh) is not None:
        row = fresh
    at = newest(row)
    if at is None:
        return None
    status, step_s = snapshot.source(split(row.wanted.series_id)[1]), row.wanted.step_s
    since = windows.later(row.times[at], step_s, 1)
    slack = timedelta(seconds=2 * step_s + (status["expected_lag_s"] if status else 0) * 2)
    return since if min(times.parse(snapshot.now), row.wanted.until) - since > slack else None


def _quantity(row: points.Drawn, value: float) -> str:
    if row.scale == "normalised":
        return _(_PARTS[row.wanted.against]).format(n=numbers.rough(value))
    signal = row.wanted.signal
    if row.wanted.step_s > row.wanted.group.grain_s and signal.scale == "count" and signal.profile != "flat":
        return f"{numbers.rough(value)} {unit(row)}"  # a mean of many bins: over what time it counts is not plain
    return numbers.quantity(value, signal)


def _against(row: points.Drawn, at: int, value: float) -> str:
    """The comparison behind the value; "" where there is none, and where the value itself is one."""
    normal, signal = row.columns["baseline"][at], row.wanted.signal
    if normal is None or row.scale == "normalised":
        return ""
    if row.wanted.against == "forecast":
        return f", {numbers.compared(value, normal, signal)}"
    was, same, times_, above, below = (_(text) for text in _BEFORE[row.wanted.against])
    if signal.scale in ("share", "ratio") or normal <= 0:
        return ", " + was.format(normal=numbers.quantity(normal, signal))
    change = value / normal - 1
    if abs(change) < 0.02:
        return f", {same}"
    if change > 9:
        return ", " + times_.format(n=numbers.rough(value / normal))
    return ", " + (above if change > 0 else below).format(n=numbers.rough(abs(change) * 100))
