"""``radar outages confirm``, ``correct``, ``false-alarm``, ``mute``, ``unmute``, ``withdraw``: what people say about an
outage is kept in the journal and shown in public. ``journal`` lists it; ``labels`` hands it to ``radar backtest``.
"""

from __future__ import annotations

import csv
import difflib
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson

from jobs import reviewed
from jobs.storage import reachable
from radar import reviews
from radar.errors import RadarError
from radar.labels import _
from radar.settings import Settings
from radar.shapes import Clock, Outage
from radar.shapes.reviews import Review
from radar.store import Store, connect, documents
from radar.store.journal import Journal, Receipt
from radar.times import parse, rfc3339

#: A publication that is older than this by the wall clock is the last one for now: no worker runs.
IDLE = timedelta(minutes=5)

LABELS = ("entity", "start", "end", "start_latest", "end_latest", "signal", "cause", "depth", "scoreable", "kind",
          "outage", "simulated", "by", "reason")  # fmt: skip


class WrongReview(RadarError):
    """What was asked cannot be said about this outage. Told in one line, exit code 2."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A radar at which somebody says something: its store, journal and clock."""

    client: Store
    journal: Journal
    clock: Clock
    wall: datetime

    @property
    def now(self) -> datetime:
        """The radar's clock: the wall clock, or that of its replay."""
        return parse(self.clock["now"]) if self.clock["mode"] == "replay" else self.wall

    @property
    def idle(self) -> bool:
        """Whether nobody will publish anew: a replay that has ended, or a worker that has been silent for long."""
        return self.clock["speed"] == 0 or self.wall - parse(self.clock["wall"]) > IDLE


@contextmanager
def _desk(settings: Settings) -> Iterator[Desk]:
    """Raises StoreUnavailable, and RadarError where nothing was published yet."""
    with reachable(settings) as url, connect(url) as client:
        clock: Clock | None = documents.get(client, "clock")
        if clock is None:
            raise RadarError("nothing was published yet; `radar run`, `radar demo` or `radar replay` does that")
        yield Desk(client, reviewed.journal_of(client, settings.data_dir), clock, datetime.now(UTC))


# -- saying ------------------------------------------------------------------------------------------------------------


def say(
    settings: Settings, kind: str, outage_id: str, *, by: str, reason: str, fields: Mapping[str, Any], as_json: bool
) -> int:
    """Keep one review and tell where it is kept and when it shows.

    ``fields``: of a correction ``start``, ``end`` (times), ``level``, ``cause``; of a mute ``until``; None: not given.

    Raises
    ------
    WrongReview
        No such outage, or what is said cannot be so.
    RadarError
        The store or the journal cannot be used.
    """
    with _desk(settings) as desk:
        outage = _outage(desk, outage_id)
        given = {name: value for name, value in fields.items() if value is not None}
        _check(kind, outage, given, desk.now)
        more: dict[str, Any] = {
            name: rfc3339(value) if isinstance(value, datetime) else value for name, value in given.items()
        }
        if kind == "correct":
            more["before"] = {name: _published(outage, name) for name in given}
        return _keep(desk, kind, outage_id, by=by, reason=reason, more=more, as_json=as_json)


def withdraw(settings: Settings, entry_id: str, *, by: str, reason: str, as_json: bool) -> int:
    """Take an entry back by another one. Raises what ``say`` raises."""
    with _desk(settings) as desk:
        said = {review["id"]: review for review in reviews.stamped(reviewed.read(desk.journal))}
        entry = said.get(entry_id)
        if entry is None:
            raise WrongReview(f"no entry {entry_id!r} in the journal{_nearest(entry_id, said)}")
        if entry["kind"] == "withdraw":
            raise WrongReview(f"entry {entry_id} takes another one back; say anew what it took back")
        if "withdrawn" in entry:
            raise WrongReview(f"entry {entry_id} was taken back already, by entry {entry['withdrawn']}")
        return _keep(desk, "withdraw", entry["outage"], by=by, reason=reason, more={"entry": entry_id}, as_json=as_json)


def _outage(desk: Desk, outage_id: str) -> Outage:
    found: Outage | None = documents.get(desk.client, f"outage:{outage_id}")
    if found is not None:
        return found
    listed: list[Outage] = documents.get(desk.client, "outages") or []
    for outage in listed:
        if outage["id"] == outage_id:
            return outage
    raise WrongReview(f"no outage {outage_id!r} was published here{_nearest(outage_id, [o['id'] for o in listed])}")


def _nearest(wanted: str, known: Any) -> str:
    near = difflib.get_close_matches(wanted, list(known), n=3, cutoff=0.3)
    return f"; the nearest are {', '.join(near)}" if near else "; there is none like it"


def _check(kind: str, outage: Outage, given: dict[str, Any], now: datetime) -> None:
    """Raises WrongReview for what cannot be so. ``now``: the radar's clock."""
    if kind == "unmute" and reviews.mute_of(outage.get("reviews", [])) is None:
        raise WrongReview(f"{outage['id']} is not muted")
    if kind == "mute" and given["until"] <= now:
        raise WrongReview(f"--until {rfc3339(given['until'])} is past: the radar's clock is {rfc3339(now)}")
    if kind != "correct":
        return
    if not given:
        raise WrongReview("a correction needs at least one of --start, --end, --level, --cause")
    for name in ("start", "end"):
        if name in given and given[name] > now:
            raise WrongReview(f"--{name} {rfc3339(given[name])} has not come: the radar's clock is {rfc3339(now)}")
    start = given.get("start") or parse(outage["start"])
    end = given.get("end") or (parse(outage["end"]) if outage["end"] else None)
    if end is not None and end < start:
        raise WrongReview(f"the end {rfc3339(end)} would lie before the start {rfc3339(start)}; give both")


def _published(outage: Outage, field: str) -> str | None:
    if field != "cause":
        return cast("str | None", cast("dict[str, Any]", outage)[field])
    likely = max(outage["causes"], key=lambda cause: cause["p"], default=None)
    return None if likely is None else likely["cause"]


def _keep(desk: Desk, kind: str, outage_id: str, *, by: str, reason: str, more: dict[str, Any], as_json: bool) -> int:
    by, reason = reviews.clean(by), reviews.clean(reason)
    for name, text, most in (("--by", by, reviews.MOST_NAME), ("--reason", reason, reviews.MOST_REASON)):
        if not text:
            raise WrongReview(f"{name} is empty; what is said is public, and needs a name and a reason")
        if len(text) > most:
            raise WrongReview(f"{name} has {len(text)} characters; at most {most} are kept")
    entry: dict[str, Any] = {
        # the clock of a replay that has ended stands still: among entries of one moment, ids give the order
        "id": f"r{desk.wall:%Y%m%d%H%M%S%f}-{secrets.token_hex(2)}",
        "at": rfc3339(desk.now),
        "wall": rfc3339(desk.wall),
        "by": by,
        "kind": kind,
        "outage": outage_id,
        "reason": reason,
        **more,
    }
    receipt = desk.journal.append(entry)
    shown = desk.idle and receipt.store != "away" and reviewed.show_now(desk.client, desk.journal, desk.now)
    if as_json:
        kept = {"store": receipt.store, "file": str(receipt.file) if receipt.file else None}
        _print_json({"entry": entry, "kept": kept, "shown": shown})
        return 0
    print(_kept(entry["id"], receipt))
    print(_when_shown(desk, shown=shown))
    return 0


def _kept(entry_id: str, receipt: Receipt) -> str:
    """Where the entry is, and what that is worth."""
    store = {
        "synced": _("on the disk of the store"),
        "away": _("not in the store, which cannot be reached: it gets the entry from the file"),
        "memory": _("in the store, which keeps no append-only file: the file is what lasts"),
    }.get(receipt.store, _("in the store, which brings it to its disk by its policy appendfsync={policy}"))
    where = [_("in {file}").format(file=receipt.file)] if receipt.file else []
    return _("Kept as {id}: {places}.").format(
        id=entry_id, places="; ".join([*where, store.format(policy=receipt.store)])
    )


def _when_shown(desk: Desk, *, shown: bool) -> str:
    if shown:
        return _("Nobody publishes just now, so the pages, the API and the feeds were brought up to date at once.")
    if desk.idle:
        return _("Nothing has been published since {time}: it shows once a worker runs.").format(
            time=desk.clock["wall"]
        )
    return _("It shows with the next publication; the last was at {time}.").format(time=desk.clock["wall"])


# -- reading -----------------------------------------------------------------------------------------------------------


def journal(settings: Settings, outage_id: str | None, *, as_json: bool) -> int:
    """Print the entries, oldest first, of one outage or of all. What cannot be read goes to stderr. -> 0.

    Raises RadarError where the store cannot be used.
    """
    with reachable(settings) as url, connect(url) as client:
        record = reviewed.journal_of(client, settings.data_dir).read()
    found, wrong = reviews.readable(record.entries)
    for why in (*record.broken, *wrong):
        print(f"radar outages journal: {why}", file=sys.stderr)
    rows = [row for row in reviews.stamped(found) if outage_id in (None, row["outage"])]
    if as_json:
        _print_json(rows)
        return 0
    if not rows:
        print(_("Nobody has said anything."))
    for row in rows:
        print(entry_line(row))
    return 0


def entry_line(review: Review) -> str:
    """One entry in one line: when, which, about what, who and why."""
    what = reviews.changes_of(review)
    until = _("until {time}").format(time=review["until"]) if "until" in review else ""
    back = _("(taken back by {entry})").format(entry=review["withdrawn"]) if "withdrawn" in review else ""
    said = f"{review['by']}: {review['reason']}"
    words = [review["at"], f"{_(reviews.KINDS[review['kind']]):<15}", review["outage"], review.get("entry", ""), until,
             what, said, review["id"], back]  # fmt: skip
    return "  ".join(word for word in words if word)


def labels(settings: Settings, *, form: str) -> int:
    """Print what people said as labelled events, in the form that ``radar backtest --labels`` reads. -> 0.

    Reviews of outages that this radar does not hold are told on stderr. Raises RadarError.
    """
    with reachable(settings) as url, connect(url) as client:
        said = reviewed.read(reviewed.journal_of(client, settings.data_dir))
        ids = list(dict.fromkeys(review["outage"] for review in said))
        docs = documents.get_many(client, [f"outage:{id}" for id in ids])
    held: list[Outage] = [outage for outage in docs.values() if outage is not None]
    if missing := sorted(set(ids) - {outage["id"] for outage in held}):
        print(f"radar outages labels: no outage is held of {', '.join(missing)}", file=sys.stderr)
    latest = max((parse(review["at"]) for review in said), default=datetime.now(UTC))
    rows = [row for outage in reviews.apply(held, said, latest) if (row := label_of(outage)) is not None]
    rows.sort(key=lambda row: (row["start"], row["outage"]))
    if form == "json":
        _print_json(rows)
        return 0
    writer = csv.DictWriter(sys.stdout, LABELS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return 0


def label_of(outage: Outage) -> dict[str, Any] | None:
    """The outage as a labelled event; None where nobody said whether it was one.

    Confirmed or corrected: ``outage``, from the corrected onset or between the two that were published. A false alarm:
    ``must_not_fire`` over what the detector had published. The cause is only what a person gave; a muted outage alone
    says nothing.
    """
    said = outage.get("reviews", [])
    word, fixed = reviews.verdict(said), reviews.corrected(said)
    word = word or next(iter(fixed.values()), None)
    if word is None:
        return None
    false = word["kind"] == "false_alarm"
    shown = reviews.bare(outage) if false else outage
    exact = "start" in fixed and not false
    signals = sorted(reviews.shown_by(outage))
    return {
        "entity": outage["entity"],
        "start": shown["start"] if exact else shown["start_earliest"],
        "end": shown["end"] or (outage["end"] if false else None),
        "start_latest": None if exact else shown["start"],
        "end_latest": None,
        "signal": signals[0] if false and len(signals) == 1 else "",
        "cause": "" if false or "cause" not in fixed else fixed["cause"]["cause"],
        "depth": None if false else shown["severity"]["depth"],
        "scoreable": "yes",
        "kind": "must_not_fire" if false else "outage",
        "outage": outage["id"],
        "simulated": "true" if outage["simulated"] else "false",
        "by": word["by"],
        "reason": word["reason"],
    }


def _print_json(body: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
