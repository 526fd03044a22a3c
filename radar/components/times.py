"""Times and durations as readers see them. Every time is a ``<time>`` element in UTC; a switch in the header turns
them into the reader's own zone (``assets/site/theme.js``), from the ``datetime`` attribute and ``data-form``.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components.ssr import marks
from radar.labels import _
from radar.labels import duration as duration


def parse(text: str) -> datetime:
    """An RFC 3339 text as an aware time. Raises ValueError for another form or a time without zone."""
    value = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return value


def rfc3339(value: datetime) -> str:
    """``2026-03-02T00:20:00Z``."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def words(text: str, now: str | None = None) -> str:
    """A time in words: "14:05 UTC" on the day of ``now``, "1 March, 14:05 UTC" in its year, else with the year."""
    at = parse(text)
    clock = f"{at:%H:%M} UTC"
    if now is not None:
        today = parse(now)
        if at.date() == today.date():
            return clock
        if at.year == today.year:
            return f"{cldr.day_month(at)}, {clock}"
    return f"{cldr.day(at)}, {clock}"


def date_words(text: str) -> str:
    """The day alone: "1 March 2026"."""
    return cldr.day(parse(text))


def month_words(month: str) -> str:
    """``2025-10`` as "October 2025"."""
    year, _dash, number = month.partition("-")
    return cldr.month_year(date(int(year), int(number), 1))


def spelled(date_or_month: str) -> str:
    """ "2026-11" as "November 2026" and "2026-11-04" as "4 November 2026"; what is neither as it is."""
    if re.fullmatch(r"\d{4}-(?:0[1-9]|1[0-2])", date_or_month):
        return month_words(date_or_month)
    try:
        return cldr.day(date.fromisoformat(date_or_month))
    except ValueError:
        return date_or_month


def ago(text: str, now: str) -> str:
    """How long before ``now``: "25 min ago"; "now" within a minute; "in 5 min" when it lies ahead."""
    minutes = (parse(now) - parse(text)) / timedelta(minutes=1)
    if abs(minutes) < 1:
        return _("now")
    if minutes < 0:
        return _("in {duration}").format(duration=duration(-minutes))
    return _("{duration} ago").format(duration=duration(minutes))


def time(text: str, now: str | None = None) -> Component:
    """A moment; the form depends on how far from ``now`` it lies (see ``words``)."""
    at = parse(text)
    form = "full"
    if now is not None:
        today = parse(now)
        form = "clock" if at.date() == today.date() else "day" if at.year == today.year else "full"
    return html.Time(words(text, now), dateTime=rfc3339(at), **marks(data_form=form))


def time_ago(text: str, now: str) -> Component:
    """A moment with how long ago in brackets: "14:05 UTC (25 min ago)"."""
    return html.Span([time(text, now), f" ({ago(text, now)})"], className="when")


def day(text: str) -> Component:
    """A day alone, the same in every zone."""
    return html.Time(date_words(text), dateTime=parse(text).date().isoformat(), **marks(data_form="date"))


def span(start: str, end: str | None, now: str) -> Component:
    """From when to when; "since ..." while it lasts."""
    if end is None:
        return html.Span([_("since"), " ", time_ago(start, now)], className="when")
    first, last = (parse(text).replace(second=0, microsecond=0) for text in (start, end))  # as they are shown
    minutes = (last - first) / timedelta(minutes=1)
    return html.Span([*between(start, end, now), f" ({duration(minutes)})"], className="when")


def between(start: str, end: str, now: str) -> list[Component | str]:
    """Two moments with a dash; the second one tells its day where that is not the first one's: after "1 March,
    23:40 UTC" a "02:10 UTC" alone would be read as of 1 March."""
    later = parse(start).date() != parse(end).date() == parse(now).date()
    return [time(start, now), " – ", _dated(end) if later else time(end, now)]


def _dated(text: str) -> Component:
    at = parse(text)
    words = f"{cldr.day_month(at)}, {at:%H:%M} UTC"
    return html.Time(words, dateTime=rfc3339(at), **marks(data_form="dated"))
