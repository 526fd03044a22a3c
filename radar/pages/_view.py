"""How the charts of a place are looked at: over what time, against what, in which unit. The address says all of it.

Each choice is a link, so that a view can be passed on, works without scripts, and is restored as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar.api.parameters import moment
from radar.api.points import Against, Scale
from radar.components import charts, times
from radar.components.ssr import marks
from radar.labels import N_, _

#: Ranges of the strip: seconds, and what is written on it.
RANGES: dict[str, tuple[int, str]] = {
    "24h": (86_400, N_("24 hours")),
    "7d": (7 * 86_400, N_("7 days")),
    "28d": (28 * 86_400, N_("28 days")),
    "12w": (84 * 86_400, N_("12 weeks")),
    "1y": (365 * 86_400, N_("1 year")),
}
DEFAULT = "7d"

AGAINST: dict[Against, str] = {
    "forecast": N_("Forecast"),
    "week": N_("Week before"),
    "median": N_("Four weeks"),
}
SCALES: dict[Scale, str] = {"raw": N_("As measured"), "normalised": N_("% of normal")}

#: The shortest and the longest stretch that an address may ask for.
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=366)
#: Over more than this bins of a minute are not read; over more than the second no others below an hour are kept.
FINE, KEPT = timedelta(days=28), timedelta(days=84)


@dataclass(frozen=True, slots=True)
class View:
    """``since`` and ``until``: a stretch of its own in place of a range that ends now; both or none. ``trouble``: what
    of the address could not be read, as a sentence."""

    range: str = DEFAULT
    since: datetime | None = None
    until: datetime | None = None
    against: Against = "forecast"
    scale: Scale = "raw"
    trouble: str = ""

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """From when to when."""
        if self.since is not None and self.until is not None:
            return self.since, self.until
        return now - timedelta(seconds=RANGES[self.range][0]), now

    def coarse(self, now: datetime) -> bool:
        """Whether it is too long for bins of a minute."""
        since, until = self.span(now)
        return until - since > FINE

    def longest(self, now: datetime) -> bool:
        """Whether it is longer than bins below an hour are kept."""
        since, until = self.span(now)
        return until - since > KEPT

    @property
    def of_now(self) -> bool:
        """Whether it ends now."""
        return self.since is None

    def address(self, path: str, **more: str) -> str:
        """The address of this view of a place. What is usual is left out, but for the range."""
        query: dict[str, str] = {}
        if self.since is not None and self.until is not None:
            query |= {"from": times.rfc3339(self.since), "until": times.rfc3339(self.until)}
        else:
            query["range"] = self.range
        if self.against != "forecast":
            query["baseline"] = self.against
        if self.scale != "raw":
            query["scale"] = self.scale
        return f"{path}?{urlencode({**query, **more}, safe=':')}"


def read(query: Mapping[str, Any], now: datetime) -> View:
    """The view that an address asks for; what is no choice is the usual one."""
    given = {name: str(query.get(name, "")) for name in ("range", "from", "until", "baseline", "scale")}
    view = View(
        range=given["range"] if given["range"] in RANGES else DEFAULT,
        against=next((name for name in AGAINST if name == given["baseline"]), "forecast"),
        scale=next((name for name in get_args(Scale) if name == given["scale"]), "raw"),
    )
    choices = {"range": tuple(RANGES), "baseline": tuple(AGAINST), "scale": get_args(Scale)}
    wrong = next((name for name, known in choices.items() if given[name] and given[name] not in known), "")
    if wrong:
        text = _("{name} is {value}; expected one of {choices}. Shown is the usual view.")
        view = replace(view, trouble=text.format(name=wrong, value=repr(given[wrong][:40]),
                                                 choices=", ".join(choices[wrong])))  # fmt: skip
    if not given["from"] and not given["until"]:
        return view
    try:
        since, until = _moment(given["from"]), _moment(given["until"]) if given["until"] else now
    except ValueError:
        return replace(view, trouble=_("The times of this address cannot be read; expected from and until such as "
                                       "2026-03-02T00:00:00Z. Shown is the usual range."))  # fmt: skip
    until = min(until, now)
    if until - since < SHORTEST:
        return replace(view, trouble=_("This address asks for less than ten minutes, or for a time that has not come. "
                                       "Shown is the usual range."))  # fmt: skip
    if until - since > LONGEST:
        return replace(view, since=until - LONGEST, until=until,
                       trouble=_("This address asks for more than a year. Shown is the last year of it."))  # fmt: skip
    return replace(view, since=since, until=until)


def _moment(text: str) -> datetime:
    """A time of an address; a date alone is its midnight, UTC. Raises ValueError."""
    return moment(f"{text}T00:00:00Z" if len(text) == 10 else text)


def strips(path: str, view: View, now: datetime, *, recorded: bool) -> list[Component]:
    """The controls of all charts of a page. ``recorded``: some of them are of a recorded set."""
    ranges = [(name, _(words), replace(view, range=name, since=None, until=None).address(path))
              for name, (_s, words) in RANGES.items()]  # fmt: skip
    against = [(name, _(words), replace(view, against=name).address(path)) for name, words in AGAINST.items()]
    scales = [(name, _(words), replace(view, scale=name).address(path)) for name, words in SCALES.items()]
    chosen = view.range if view.of_now else ""
    return [
        html.Div([charts.strip(ranges, chosen, _("Range of all charts")), _window(view)], className="ranges",
                 id="charts", **marks(data_back=_("Show all of it"), data_finer=_("Draw this stretch finer"))),
        html.Div([
            _labelled(_("Held against"), charts.strip(against, view.against, _("What all charts are held against"))),
            _labelled(_("Unit"), charts.strip(scales, view.scale, _("Unit of all charts"))),
        ], className="views"),
        *_notes(view, now, recorded=recorded),
    ]  # fmt: skip


def _labelled(words: str, strip: Component) -> Component:
    return html.Div([html.Span(words, className="note"), strip], className="view")


def _window(view: View) -> Component | None:
    if view.since is None or view.until is None:
        return None
    words = _("{start} to {end}").format(start=times.words(times.rfc3339(view.since)),
                                         end=times.words(times.rfc3339(view.until)))  # fmt: skip
    return html.Span(words, className="note")


def _notes(view: View, now: datetime, *, recorded: bool) -> list[Component]:
    told = {
        "forecast": _("Normal is what the detector expects of that hour, from the weeks before. The band is its usual "
                      "range; beyond the threshold it fires, and before it where a fall is sudden."),
        "week": _("Normal is the same time a week before, outages of then included. The threshold is the detector's "
                  "own."),
        "median": _("Normal is the middle of the same time in the four weeks before, the band their lowest and "
                    "highest. The threshold is the detector's own."),
    }  # fmt: skip
    parts = [view.trouble, told[view.against]]
    if view.scale == "normalised":
        parts.append(_("Shares, and what is held against nothing, stay in their own unit."))
    if view.coarse(now) and view.against == "forecast":
        parts.append(_("What is counted by the hour or day is held against the middle of the four weeks before."))
    if view.longest(now):
        parts.append(_("What is counted by minutes is kept for about twelve weeks; before that its chart is empty."))
    if recorded:
        parts.append(_("Recorded sets are always shown whole."))
    return [html.P(" ".join(part for part in parts if part), className="note views-note")]
