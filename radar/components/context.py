"""What else is known of a place: happenings that others tell of, never called a cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import languages, retell
from radar.components import shell, state, times
from radar.labels import _, ngettext
from radar.shapes import SourceStatus
from radar.shapes.context import KINDS, SOURCES, Happening, Told, document

#: Happenings that are listed; the rest is counted.
SHOWN = 12

#: Kinds that are days in the place's own time: ``area`` holds the day.
_DAYS = ("holiday", "weekend")


def here(
    found: Sequence[Happening], documents: Mapping[str, Told | None], sources: Mapping[str, SourceStatus], key: str,
    since: str, until: str, now: str,
) -> Component:  # fmt: skip
    """The section of an entity's page. ``found``: newest first."""
    note = _("Of the week before and the week ahead, as others tell it. None of it is measured here, and none is said "
             "to be a cause.")  # fmt: skip
    more = html.P(html.A(_("All of it as JSON"), href=f"/api/v1/context?entity={key}"), className="note")
    parts = _parts(found, documents, sources, since, until, now)
    return shell.section(_("What else is known here"), *parts, more, note=note, id="context", class_name="context")


def at_the_same_time(
    found: Sequence[Happening], documents: Mapping[str, Told | None], sources: Mapping[str, SourceStatus],
    since: str, until: str, now: str,
) -> Component:  # fmt: skip
    """The section of an outage's page."""
    note = _("What others tell of this place, from six hours before the outage to its end. That it falls together does "
             "not say that one has to do with the other.")  # fmt: skip
    parts = _parts(found, documents, sources, since, until, now)
    return shell.section(_("At the same time"), *parts, note=note, id="context", class_name="context")


def unreadable(title: str) -> Component:
    """In place of the section while the store cannot be asked."""
    why = html.P(_("Holidays, planned work, earthquakes and warnings cannot be read just now."), className="note")
    return shell.section(title, why, id="context")


def _parts(
    found: Sequence[Happening], documents: Mapping[str, Told | None], sources: Mapping[str, SourceStatus],
    since: str, until: str, now: str,
) -> list[Component]:  # fmt: skip
    read = [name for name in SOURCES if documents.get(document(name)) is not None]
    if not read:
        nothing = _("Nothing is known: no source of holidays, planned work, earthquakes or warnings is read here.")
        return [html.P([nothing, " ", html.A(_("Sources"), href="/sources")], className="none")]
    parts: list[Component] = []
    if found:
        grouped = _grouped(found, now)
        rows = [_row(row, again, sources, now) for row, again in grouped[:SHOWN]]
        parts.append(html.Ul(rows, className="plain happenings"))
        rest = len(grouped) - SHOWN
        if rest > 0:
            more = ngettext("{n} earlier one is not shown.", "{n} earlier ones are not shown.", rest)
            parts.append(html.P(more.format(n=rest), className="note"))
    else:
        words: list[Any] = [
            _("None known from"),
            " ",
            times.time(since, now),
            " ",
            _("to"),
            " ",
            times.time(until, now),
            ".",
        ]
        parts.append(html.P(words, className="none"))
    parts.append(_asked(read, documents, sources, now))
    return parts


def _grouped(found: Sequence[Happening], now: str) -> list[tuple[Happening, int]]:
    """What comes again and again once, the time nearest to now, with how many others there are; newest first."""
    alike: dict[tuple[str, ...], list[Happening]] = {}
    for row in found:
        withdrawn = "withdrawn" if row["withdrawn_at"] else ""
        alike.setdefault((row["source"], row["kind"], row["title"], *row["places"], withdrawn), []).append(row)
    at = times.parse(now)
    nearest = [
        (min(rows, key=lambda row: abs(times.parse(row["start"]) - at)), len(rows) - 1) for rows in alike.values()
    ]
    return sorted(nearest, key=lambda pair: (pair[0]["start"], pair[0]["id"]), reverse=True)


def _row(row: Happening, again: int, sources: Mapping[str, SourceStatus], now: str) -> Component:
    words = retell.text(row["title"])
    # what could not be told in the reader's language stands as it was written
    spoken = "en" if words == row["title"] else languages.current()
    title: Any = html.Span(words, lang=spoken)
    if row["url"]:
        title = html.A(words, href=row["url"], rel="nofollow noopener", lang=spoken)
    said: list[Any] = []
    if row["area"] and row["kind"] not in _DAYS:
        said.append(html.Span(row["area"], lang="en"))
    if row["severity"]:
        said.append(html.Span(_("{severity}, as its source says").format(severity=row["severity"])))
    if row["withdrawn_at"]:
        said.append(html.Span([html.B(_("taken back")), " ", times.time(row["withdrawn_at"], now)]))
    elif row["changed_at"]:
        said.append(html.Span([_("corrected"), " ", times.time(row["changed_at"], now)]))
    if again:
        said.append(
            html.Span(ngettext("{n} more time in this range", "{n} more times in this range", again).format(n=again))
        )
    status = sources.get(row["source"])
    said.append(html.A(status["title"] if status else row["source"], href=f"/sources#{row['source']}"))
    return html.Li([
        html.P([html.B(_(KINDS[row["kind"]])), " ", _when(row, now), " ", state.simulated(row["simulated"])]),
        html.P(title),
        html.P(said, className="facts note"),
    ], className="withdrawn" if row["withdrawn_at"] else "")  # fmt: skip


def _when(row: Happening, now: str) -> Component:
    if row["kind"] in _DAYS:
        return html.Span([times.day(f"{row['area']}T00:00:00Z"), ", ", _("in its own time")], className="when")
    if row["end"] is not None:
        return times.span(row["start"], row["end"], now)
    if not row["lasts"]:
        return times.time_ago(row["start"], now)
    return html.Span([_("from"), " ", times.time(row["start"], now), ", ", _("end not said")], className="when")


def _asked(
    read: Sequence[str], documents: Mapping[str, Told | None], sources: Mapping[str, SourceStatus], now: str
) -> Component:
    """Who was asked and when, with licences; what is stale is said so, and what is not asked here."""
    words: list[Any] = [_("Asked were: ")]
    for number, name in enumerate(read):
        told, status = documents[document(name)], sources.get(name)
        if told is None:
            continue
        words += ["; " if number else "", html.A(status["title"] if status else name, href=f"/sources#{name}")]
        words += [" (", html.A(status["licence"], href=status["licence_url"]), ")"] if status else []
        words += [", ", _("read"), " ", times.time(told["read_at"], now)] if told["read_at"] else [", ", _("not read")]
        if told["error"] or (status is not None and status["state"] in ("late", "failing")):
            words += [": ", html.B(_("what it told since, or part of it, is missing here"))]
    words.append(".")
    missing = [name for name in SOURCES if name not in read]
    if missing:
        names = ", ".join(sources[name]["title"] if name in sources else name for name in missing)
        words += [" ", _("Not asked here: {names}.").format(names=names)]
    return html.P(words, className="note asked")
