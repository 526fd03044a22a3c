"""What people said about outages, laid over what the detector says. Pure functions on documents.

Nothing that was published is deleted: a field that people changed keeps the detector's value in ``said_before``, and
each entry of the journal becomes an update of its outage. So ``bare`` gives the detector's outage back, and the same
entries laid over the same outage always give the same document, in a rebuild and in a replay as well.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from radar import cldr, entities
from radar.errors import EntityError
from radar.labels import CAUSES, N_, STATES, _, duration
from radar.shapes import Outage, Severity, Update
from radar.shapes.reviews import Muted, Review
from radar.times import parse

#: Longest name and longest reason, in characters.
MOST_NAME, MOST_REASON = 100, 4000

KINDS: dict[str, str] = {
    "confirm": N_("Confirmed"),
    "correct": N_("Corrected"),
    "false_alarm": N_("False alarm"),
    "mute": N_("Muted"),
    "unmute": N_("No longer muted"),
    "withdraw": N_("Taken back"),
}

_UPDATES = {"confirm": "confirmed", "correct": "corrected", "false_alarm": "retracted", "mute": "muted",
            "unmute": "unmuted", "withdraw": "withdrawn"}  # fmt: skip
_CORRECTS = ("start", "end", "level", "cause")
_NEEDS = {"mute": "until", "withdraw": "entry"}


def clean(text: str) -> str:
    """One line of text as it may be shown: white space is one space, and what steers a screen or the direction of
    reading is replaced by U+FFFD. Markup is left alone; whoever shows it escapes it."""
    return "".join("\ufffd" if _steers(c) else c for c in " ".join(text.split()))


def _steers(c: str) -> bool:
    """Control, format (overrides of direction are such), private use, half of a pair; joiners belong to letters."""
    return unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") and c not in "\u200c\u200d"


def readable(entries: Iterable[Mapping[str, Any]]) -> tuple[list[Review], list[str]]:
    """Entries of the journal as reviews, oldest first; and a sentence for each that cannot be one.

    The journal is a file that people can edit: names and reasons are cleaned and cut here too.
    """
    found: list[Review] = []
    wrong: list[str] = []
    for entry in entries:
        why = _wrong(entry)
        if why:
            wrong.append(f"entry {str(entry.get('id'))[:60]}: {why}")
        else:
            review = cast(Review, dict(entry))
            review["by"] = clean(review["by"])[:MOST_NAME]
            review["reason"] = clean(review["reason"])[:MOST_REASON]
            found.append(review)
    return sorted(found, key=lambda review: (review["at"], review["id"])), wrong


def _wrong(entry: Mapping[str, Any]) -> str:
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return f"kind is {kind!r}; expected one of {', '.join(KINDS)}"
    needed = ("id", "at", "by", "outage", "reason", *((_NEEDS[kind],) if kind in _NEEDS else ()))
    for name in needed:
        if not isinstance(entry.get(name), str):
            return f"{name} is {entry.get(name)!r}; expected a text"
    before = entry.get("before", {})
    if not isinstance(before, Mapping):
        return f"before is {before!r}; expected what was published before, by field"
    for said in (entry, {name: text for name, text in before.items() if text is not None}):
        for name, (is_one, expected) in _FORMS.items():
            if name in said and not is_one(said[name]):
                return f"{name} is {said[name]!r}; expected {expected}"
    return ""


def _is_time(text: object) -> bool:
    try:
        parse(cast(str, text))
    except (TypeError, ValueError, OverflowError):
        return False
    return True


_TIME = (_is_time, "an RFC 3339 time")
#: The form of each field that has one.
_FORMS: dict[str, tuple[Callable[[object], bool], str]] = {
    "at": _TIME,
    "until": _TIME,
    "start": _TIME,
    "end": _TIME,
    "level": (lambda text: text in ("degraded", "outage"), "degraded or outage"),
    "cause": (lambda text: isinstance(text, str) and text in CAUSES, f"one of {', '.join(CAUSES)}"),
}


def bare(outage: Outage) -> Outage:
    """The outage as the detector alone says it."""
    if "reviews" not in outage and "muted" not in outage:
        return outage
    out: dict[str, Any] = {**outage, **outage.get("said_before", {})}
    for name in ("reviews", "said_before", "muted"):
        out.pop(name, None)
    if "updates" in out:
        out["updates"] = [update for update in out["updates"] if "review" not in update]
    return cast(Outage, out)


def apply(outages: Sequence[Outage], reviews: Iterable[Review], now: datetime) -> list[Outage]:
    """Lay what was said by ``now`` over the detector's outages; order and number stay.

    ``outages`` are bare or were laid over before. Reviews of outages that are not among them are passed over.
    """
    said = stamped(review for review in reviews if parse(review["at"]) <= now)
    by_outage: dict[str, list[Review]] = {}
    for review in said:
        by_outage.setdefault(review["outage"], []).append(review)
    out = [_laid(bare(outage), by_outage.get(outage["id"], [])) for outage in outages]
    _mute(out, by_outage, now)
    return out


def touched(outages: Sequence[Outage], reviews: Iterable[Review]) -> set[str]:
    """Ids of the outages whose documents reviews may change, now or when a mute runs out."""
    said = list(reviews)
    known = {outage["id"]: outage["entity"] for outage in outages}
    entities_ = {known.get(review["outage"]) for review in said if review["kind"] == "mute"}
    muted = {outage["id"] for outage in outages if outage["entity"] in entities_}
    parts = {outage["id"] for outage in outages if outage.get("parent") in muted}
    return ({review["outage"] for review in said} & known.keys()) | muted | parts


def stamped(reviews: Iterable[Review]) -> list[Review]:
    """The reviews with ``withdrawn`` on those that were taken back."""
    rows = sorted(reviews, key=lambda review: (review["at"], review["id"]))
    rows = [cast(Review, {name: value for name, value in row.items() if name != "withdrawn"}) for row in rows]
    back = {review["entry"]: review["id"] for review in rows if review["kind"] == "withdraw"}
    return [
        cast(Review, {**review, "withdrawn": back[review["id"]]}) if review["id"] in back else review for review in rows
    ]


def verdict(reviews: Iterable[Review]) -> Review | None:
    """The last confirmation or false alarm that stands, or None. ``reviews``: those of one outage, oldest first."""
    return _last(reviews, "confirm", "false_alarm")


def corrected(reviews: Iterable[Review]) -> dict[str, Review]:
    """By field: the last correction of it that stands."""
    found: dict[str, Review] = {}
    for review in reviews:
        if review["kind"] == "correct" and "withdrawn" not in review:
            found |= dict.fromkeys((name for name in _CORRECTS if name in review), review)
    return found


def mute_of(reviews: Iterable[Review]) -> Review | None:
    """The mute that stands, run out or not; None where there is none."""
    last = _last(reviews, "mute", "unmute")
    return last if last is not None and last["kind"] == "mute" else None


def _last(reviews: Iterable[Review], *kinds: str) -> Review | None:
    standing = [review for review in reviews if review["kind"] in kinds and "withdrawn" not in review]
    return standing[-1] if standing else None


# -- one outage --------------------------------------------------------------------------------------------------------


def _laid(outage: Outage, reviews: list[Review]) -> Outage:
    if not reviews:
        return outage
    changed = _changes(outage, reviews)
    updates: list[Update] = [*outage.get("updates", []), *(_update(review, reviews) for review in reviews)]
    out: dict[str, Any] = {
        **outage,
        **changed,
        "updates": sorted(updates, key=lambda update: update["at"]),
        "reviews": reviews,
        "said_before": {name: outage.get(name) for name in changed},
    }
    return cast(Outage, out)


def _changes(outage: Outage, reviews: list[Review]) -> dict[str, Any]:
    """The fields that people changed."""
    out: dict[str, Any] = {}
    fields = corrected(reviews)
    for name in ("start", "level", "end"):
        if name in fields:
            out[name] = cast(Any, fields[name])[name]
    if "start" in out:
        out["start_earliest"] = min(outage["start_earliest"], out["start"], key=parse)
    if "end" in out and outage["status"] == "open":
        out["status"] = "closed"
    if "cause" in fields:
        said = fields["cause"]
        why = _("{by} says so: {reason}").format(by=said["by"], reason=said["reason"])
        out["causes"] = [{"cause": said["cause"], "p": 1.0, "by": said["by"], "for": [why], "against": []}]
    if out.keys() & {"start", "end", "level"}:
        out["headline"] = _headline(cast(Outage, {**outage, **out}))
    end = out.get("end", outage["end"])
    if out.keys() & {"start", "end"}:
        out["severity"] = _severity(outage, parse(out.get("start", outage["start"])), parse(end) if end else None)
    word = verdict(reviews)
    if word is not None and word["kind"] == "false_alarm":
        out |= {
            "status": "retracted",
            "retraction": _("{by}: {reason}").format(by=word["by"], reason=word["reason"]),
            "confidence": None,
            "end": end or max(word["at"], outage["start"], key=parse),
            "headline": _("Taken back: {headline}").format(headline=out.get("headline") or outage.get("headline", "")),
        }
    return out


def _severity(outage: Outage, start: datetime, end: datetime | None) -> Severity:
    """How bad it was, over the corrected time; an open one lasts as much longer as it began earlier."""
    told = outage["severity"]
    if end is None:
        minutes = told["minutes"] + (parse(outage["start"]) - start).total_seconds() / 60
    else:
        minutes = (end - start).total_seconds() / 60
    minutes = round(max(minutes, 0.0), 1)
    was, now = (f" for {duration(time)}; " for time in (told["minutes"], minutes))  # of ``detect.words.severity``
    return {**told, "minutes": minutes, "words": told["words"].replace(was, now) if was in told["words"] else ""}


def _headline(outage: Outage) -> str:
    try:
        name = entities.name(outage["entity"])
    except EntityError:
        name = outage["entity"]
    level, start, end = _(STATES[outage["level"]]).lower(), when(outage["start"]), outage["end"]
    if end is None:
        return _("{name}: {level} since {start}, as corrected.").format(name=name, level=level, start=start)
    return _("{name}: {level} from {start} to {end}, as corrected.").format(
        name=name, level=level, start=start, end=when(end)
    )


def _update(review: Review, reviews: list[Review]) -> Update:
    """What the review adds to the list of what was published."""
    forms = {
        "confirm": _("Confirmed by {by}: {reason}"),
        "correct": _("Corrected by {by}: {what}. {reason}"),
        "false_alarm": _("A false alarm, says {by}: {reason}"),
        "mute": _("Muted until {until} by {by}: {reason}"),
        "unmute": _("No longer muted, by {by}: {reason}"),
        "withdraw": _("{by} takes back “{kind}” of {time}: {reason}"),
    }
    taken = next((row for row in reviews if row["id"] == review.get("entry")), None)
    text = forms[review["kind"]].format(
        by=review["by"],
        reason=review["reason"],
        what=changes_of(review),
        until=when(review["until"]) if "until" in review else "",
        kind=_(KINDS[taken["kind"]]) if taken else "",
        time=when(taken["at"]) if taken else "",
    )
    return cast(Update, {"at": review["at"], "kind": _UPDATES[review["kind"]], "text": text, "review": review["id"]})


def changes_of(review: Review) -> str:
    """ "start 05:00 UTC instead of 05:05 UTC, cause a cable cut instead of not known": what a correction corrects."""
    names = {"start": _("start"), "end": _("end"), "level": _("level"), "cause": _("cause")}
    before = cast("dict[str, str | None]", review.get("before", {}))
    said = cast("dict[str, str]", review)
    parts = []
    for field in _CORRECTS:
        if field in review:
            text = _("{field}: {new}").format(field=names[field], new=_value(field, said[field]))
            if field in before and before[field] != said[field]:
                text = _("{new} instead of {old}").format(new=text, old=_value(field, before[field]))
            parts.append(text)
    return ", ".join(parts)


def _value(field: str, value: str | None) -> str:
    if value is None:
        return _("none")
    if field in ("start", "end"):
        return when(value)
    return _(STATES[value]).lower() if field == "level" else _(CAUSES.get(value, value))


def when(text: str) -> str:
    """ "05:00 UTC on 2 March 2026"."""
    return cldr.moment(parse(text))


# -- mutes -------------------------------------------------------------------------------------------------------------


def _mute(outages: list[Outage], by_outage: Mapping[str, list[Review]], now: datetime) -> None:
    """Mark, in place, what is muted at ``now``: the outage itself, its parts, and later ones of its entity that nothing
    but the same signals show."""
    mutes: dict[str, tuple[Outage, Muted]] = {}
    for outage in outages:
        said = mute_of(by_outage.get(outage["id"], ()))
        if said is not None and parse(said["until"]) > now:
            row: Muted = {"until": said["until"], "by": said["by"], "reason": said["reason"], "entry": said["id"],
                          "outage": outage["id"]}  # fmt: skip
            mutes[outage["id"]] = (outage, row)
    for place, outage in enumerate(outages):
        hit = mutes.get(outage["id"]) or mutes.get(outage.get("parent") or "")
        hit = hit or next((found for found in mutes.values() if _is_alike(outage, found[0])), None)
        if hit is not None:
            outages[place] = {**outage, "muted": hit[1]}


def _is_alike(outage: Outage, muted: Outage) -> bool:
    seen = shown_by(outage)
    return (
        (outage["entity"], outage.get("about")) == (muted["entity"], muted.get("about"))
        and parse(outage["start"]) >= parse(muted["start"])
        and bool(seen)
        and seen <= shown_by(muted)
    )


def shown_by(outage: Outage) -> frozenset[str]:
    """Ids of the signals that show it."""
    return frozenset(row["signal"] for row in outage["signals"] if row["first_seen"] or row["verdict"] == "affected")
