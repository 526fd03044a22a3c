"""A day as the world map showed it, in one answer: what the browser needs to go through it without asking again.

``/film.json?day=2026-03-02`` is that day by UTC, ``/film.json`` the last 24 hours. The day is cut into frames of five
minutes; the frame of T shows what a page with ``?at=T`` shows, and is made of the same record (``radar.store.travel``).
Only changes are told. Where nothing is known there is a gap that says why: a frame that does not exist is never calm.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, TypeVar, cast

import flask
import orjson

from radar import entities, languages, retell
from radar.api import access, then
from radar.components import outages, reviews, times
from radar.errors import StoreUnavailable
from radar.figures import world
from radar.labels import _
from radar.pages import _read, _then
from radar.shapes import EntityState, Outage
from radar.store import frames, travel
from radar.store.frames import FrameError, Rows
from radar.store.travel import Missing, Span

#: From one frame to the next.
STEP = timedelta(minutes=5)

#: A state as one letter. A country without a letter has no state: nothing was ever measured there.
LETTERS = {"ok": "o", "degraded": "d", "outage": "x", "insufficient": "i"}

#: Answers kept per process: the last day, and days that somebody looks through.
KEPT = 12

#: Seconds that a browser may keep the answer about a day that is over.
KEEP_S = 3600


@dataclass(frozen=True, slots=True)
class Hole:
    """Nothing can be shown from ``at`` on. ``why``: one word for it; ``words``: a sentence."""

    at: datetime
    why: str
    words: str


@dataclass(frozen=True, slots=True)
class Told:
    """One publication, as far as map and list go: letters by country, the open outages as the page of that moment
    lists them, the heading, and the notice that our own measurement is impaired ("": it is not)."""

    at: datetime
    mode: str
    states: dict[str, str]
    open: list[dict[str, Any]]
    heading: str
    impaired: str


Part = Told | Hole
T = TypeVar("T")


def view() -> flask.Response:
    """The answer to a browser that wants a day."""
    try:
        return _view(flask.request.args.get("day", ""))
    except StoreUnavailable:
        return _refused(503, _("We cannot reach our own data just now, so we cannot show this day."))


def _view(text: str) -> flask.Response:
    snapshot = _read.snapshot()
    if snapshot.clock is None:
        return _refused(503, _("This radar has not published anything yet."))
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return _refused(400, _("There is no day {day}; write it like this: 2026-03-02.").format(day=repr(text[:20])))
    key = (text, snapshot.version, languages.current())
    kept = _shelf.get(key)
    if kept is None:
        until = times.parse(snapshot.now)
        since = datetime.combine(day, time(), UTC) if day else until - until_step(until) - timedelta(days=1)
        last = since + timedelta(days=1) - (STEP if day else timedelta())
        found = travel.span(access.client(), since, last, _read.wall())
        if isinstance(found, Missing):
            return _refused(404, _("Nothing is known of that day: it has not come yet."))
        shown = cut(found, since, last)
        body = orjson.dumps(written(shown, since, found))
        settled = last < found.newest - _then.SILENT["replay"]
        kept = Kept(body, waits=any(isinstance(p, Hole) and p.why == "preparing" for p in shown), settled=settled)
        if not kept.waits:
            _shelf.put(key, kept)
    return _answer(kept)


def until_step(moment: datetime) -> timedelta:
    """What a moment has beyond the last full step."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) % STEP


def cut(span: Span, since: datetime, last: datetime) -> list[Part]:
    """What is shown at each step from ``since`` to ``last``, or to the newest that is known."""
    n = (min(last, span.newest) - since) // STEP + 1
    shown: list[Part] = []
    current: Part = Hole(since, "early", _("What was published is recorded from {time} on.").format(
        time=times.words(times.rfc3339(span.oldest))))  # fmt: skip

    def fill(until: int) -> None:
        while len(shown) < min(until, n):
            shown.append(_holds(current, since + len(shown) * STEP))

    for part in _parts(span, since):
        fill(_step(part.at, since))
        current = part
    fill(n)
    return shown


def written(shown: Sequence[Part], since: datetime, span: Span) -> dict[str, Any]:
    """The answer's content. Ranges of frames are ``[first, after the last, ...]``.

    ``changes``: from a frame on, a country has a letter of ``LETTERS``, or none (""). In a gap the last state goes on.
    ``regions``: where on the map those lie that an outage is about; its list marks them.
    ``lists``: what is open, by its number among ``outages``, in the order of the page of that moment.
    """
    numbers: dict[bytes, int] = {}
    lists = [
        tuple(numbers.setdefault(orjson.dumps(row), len(numbers)) for row in part.open)
        if isinstance(part, Told) else () for part in shown
    ]  # fmt: skip
    told = [orjson.loads(row) for row in numbers]
    holes = [(part.why, part.words) if isinstance(part, Hole) else None for part in shown]
    notices = [part.impaired if isinstance(part, Told) else "" for part in shown]
    headings = [part.heading if isinstance(part, Told) else "" for part in shown]
    return {
        "since": times.rfc3339(since),
        "step_s": int(STEP.total_seconds()),
        "n": len(shown),
        "oldest": times.rfc3339(span.oldest),
        "newest": times.rfc3339(span.newest),
        "names": {code: entities.name(f"country/{code}") for code in sorted(entities.countries())},
        "changes": list(_changes(shown)),
        "outages": told,
        "regions": {code: world.point_of(code) for row in told if (code := row["page"].partition("/region/")[2])},
        "lists": [(i, j, some) for i, j, some in _runs(lists) if some],
        "headings": [(i, j, text) for i, j, text in _runs(headings) if text],
        "impaired": [(i, j, text) for i, j, text in _runs(notices) if text],
        "gaps": [(i, j, *hole) for i, j, hole in _runs(holes) if hole],
    }


def _holds(part: Part, moment: datetime) -> Part:
    """A publication holds for a while; when none follows, nothing is known of what came then."""
    if isinstance(part, Told) and moment - part.at > _then.SILENT[part.mode]:
        return Hole(part.at, "unpublished", _then.unpublished(part.at))
    return part


def _parts(span: Span, since: datetime) -> Iterator[Part]:
    """Publications and holes in their order; of publications between the same two steps only the last."""
    for name, held in span.segments:
        if isinstance(held, Missing):
            why = then.lost_words(held.note) if held.why == "lost" else _waiting(held)
            yield Hole(travel.begins(name), held.why, why)
            continue
        seen = travel.begins(name)
        try:
            for told in _publications(held, since):
                seen = told.at
                yield told
        except FrameError:
            yield Hole(seen + timedelta(seconds=1), "damaged", then.lost_words("damaged"))


def _waiting(missing: Missing) -> str:
    if missing.why == "preparing":
        return _("What was known at that time lies in the archive and is being brought back.")
    return then.why_not_prepared(missing)


def _publications(held: Sequence[bytes], since: datetime) -> Iterator[Told]:
    """Those that some step shows. Raises FrameError where the frames are damaged, after those before."""
    states: dict[str, str] = {}
    for number, (when, rows, changed, _window) in enumerate(frames.steps(held), 1):
        for name in changed:
            if name.startswith("state/country/"):
                code, row = name.rpartition("/")[2], cast("EntityState | None", rows.get(name))
                states[code] = LETTERS[row["state"]] if row else ""
        following = _time_of(held[number]) if number < len(held) else None
        if following is None or _step(when, since) != _step(following, since):
            yield _told(when, rows, {code: letter for code, letter in states.items() if letter})


def _time_of(frame: bytes) -> datetime | None:
    """None for a damaged one, which the next step will tell."""
    try:
        return frames.time_of(frame)
    except FrameError:
        return None


def _step(moment: datetime, since: datetime) -> int:
    """The first step that is not before the moment."""
    return -((since - moment) // STEP)


def _told(when: datetime, rows: Rows, states: dict[str, str]) -> Told:
    every = [row for id in rows.get("outages", ()) if (row := cast(Outage, rows[f"outages/{id}"]))["status"] == "open"]
    every = [row for row in every if not row.get("history")]
    listed = outages.by_urgency(outages.listed(every))
    blind = all(row["state"] == "insufficient" for name, row in rows.items() if name.startswith("state/"))
    heading = outages.heading(listed, blind=blind, muted=len(listed) < len(every), past=True)
    notice = rows.get("notice")
    impaired = retell.text(notice["text"]) if notice and notice["until"] is None else ""
    return Told(when, rows["clock"]["mode"], states, _rows(listed), heading, impaired)


def _rows(listed: Sequence[Outage]) -> list[dict[str, Any]]:
    """What the list says of each outage that is no part of another; ``places`` are the countries and regions that it
    touches, and ``about`` says that it tells of attempts on a firewall's rule. What a page does not say is left out."""
    found = []
    for row, inside in outages.wholes(listed):
        told = cast(Outage, {**row, "headline": retell.text(row.get("headline", ""))})
        people = [span.children for span in reviews.marks(row, row["start"]) if isinstance(span.children, str)]
        facts = [*outages.told(row), *people]
        line = {"id": row["id"], "name": outages.name_of(row["entity"]), "page": outages.place(row),
                "level": row["level"], "start": row["start"], "sentence": outages.headline(told),
                "facts": facts, "places": outages.places((row, *inside)), "parts": len(inside),
                "about": bool(row.get("about")), "simulated": row["simulated"]}  # fmt: skip
        found.append({name: value for name, value in line.items() if value})
    return found


def _changes(shown: Sequence[Part]) -> Iterator[tuple[int, str, str]]:
    before: dict[str, str] = {}
    last: Part | None = None
    for i, part in enumerate(shown):
        if isinstance(part, Hole) or part is last:
            continue
        for code in sorted({*before, *part.states}):
            letter = part.states.get(code, "")
            if letter != before.get(code, ""):
                yield i, code, letter
        before, last = part.states, part


def _runs(values: Iterable[T]) -> Iterator[tuple[int, int, T]]:
    """Equal neighbours as one: where it begins, where it has ended, and what it is."""
    i = 0
    for value, same in groupby(values):
        j = i + sum(1 for _one in same)
        yield i, j, value
        i = j


# -- how it is answered -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer. ``waits``: some of it is being brought back. ``settled``: no publication changes it any more."""

    body: bytes
    waits: bool
    settled: bool


class _Shelf:
    """The last answers of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[tuple[Any, ...], Kept] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> Kept | None:
        with self._lock:
            return self._rows.get(key)

    def clear(self) -> None:
        with self._lock:
            self._rows.clear()

    def put(self, key: tuple[Any, ...], row: Kept) -> None:
        with self._lock:
            self._rows[key] = row
            while len(self._rows) > KEPT:
                self._rows.popitem(last=False)


_shelf = _Shelf()


def forget() -> None:
    """Drop all answers, as a process that has just started."""
    _shelf.clear()


def _answer(kept: Kept) -> flask.Response:
    answer = flask.Response(kept.body, status=202 if kept.waits else 200, mimetype="application/json")
    if kept.waits:
        answer.headers["Retry-After"] = str(_then.AGAIN_S)
        answer.headers["Cache-Control"] = "no-store"
        return answer
    answer.headers["Cache-Control"] = f"public, max-age={KEEP_S}" if kept.settled else "no-cache"
    answer.set_etag(hashlib.sha256(kept.body).hexdigest()[:20], weak=True)
    answer.make_conditional(flask.request)
    return answer


def _refused(status: int, why: str) -> flask.Response:
    answer = flask.Response(orjson.dumps({"why": why}), status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    if status == 503:
        answer.headers["Retry-After"] = "30"
    return answer
