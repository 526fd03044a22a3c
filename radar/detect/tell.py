"""What changed in an outage, as plain sentences: each becomes an entry of its page and of the feed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from radar.detect import agree, echo, words
from radar.detect.case import Case, Row, alert_key, family, plane
from radar.detect.model import Alert
from radar.detect.rules import ONE_SERVICE, RISES
from radar.labels import _
from radar.signals import split
from radar.times import rfc3339

Kind = Literal["opened", "updated", "corrected", "restoring", "closed", "reopened", "retracted"]

#: The loss has deepened by so much since it was last told.
DEEPER = 0.2
#: A rise of attempts is told again when its worst hour is so many times the one that was told.
GROWN = 2.0
#: A signal is coming back once its loss is below these parts of its worst, one after the other; only losses worth
#: telling.
BACK, WORTH = (0.5, 0.25), 0.3
#: Less than this part of normal is missing: it is back.
NOTHING = 0.005


@dataclass(frozen=True, slots=True)
class Before:
    """What was known before an update."""

    seen: frozenset[str]
    open: frozenset[str]
    keys: frozenset[str]
    shallow: frozenset[str]
    level: str
    start: int

    @classmethod
    def of(cls, case: Case) -> Before:
        """Of a case, now."""
        return cls(
            seen=frozenset(r.series_id for r in case.rows.values() if r.first_seen is not None),
            open=frozenset(alert_key(a) for a in case.open_alerts),
            keys=frozenset(case.alerts),
            shallow=frozenset(r.series_id for r in case.rows.values() if r.shallow_since is not None),
            level=case.level,
            start=case.start,
        )


def say(case: Case, now: datetime, kind: Kind, text: str) -> None:
    """Append one entry."""
    case.updates.append({"at": rfc3339(now), "kind": kind, "text": text})


def changes(case: Case, now: datetime, before: Before, silent: list[Row], *, moved: bool) -> None:
    """Tell what changed in an open outage since ``before``, at most one entry of each kind."""
    if moved:
        text = _("The onset is now placed at {when}, earlier than first told.").format(
            when=words.when(_time(case.start))
        )
        say(case, now, "corrected", text)
    parts = _news(case, before)
    if case.depth > case.told_depth + DEEPER:
        worst = max(case.live, key=lambda a: (a.depth, a.series_id))
        if not parts:
            parts.append(_("Deeper now: {fall}.").format(fall=words.fall(worst)))
        case.told_depth = case.depth
    attempts = [a for a in case.open_alerts if a.rule == "match_rise" and a.peak >= GROWN * max(case.told_depth, 1.0)]
    if attempts:
        parts.append(_("Grown: {fall}.").format(fall=words.fall(attempts[0])))
        case.told_depth = attempts[0].peak
    if case.level != before.level:
        parts.append(_("More than half is lost: this is an outage."))
    for row in silent:
        row.told_blind = True
        parts.append(
            _("{what}: no data from {when}; it cannot be seen there.").format(
                what=_name(case, row.series_id), when=words.when(_time(row.silent_since or 0))
            )
        )
    parts += _sight(case)
    if case.echoes and "echo" not in case.stages:
        case.stages.append("echo")
        parts.append(echo.sentence(case))
    if parts:
        say(case, now, "updated", " ".join(parts))
    back = _back(case, before)
    if back and case.open_alerts:
        say(case, now, "restoring", " ".join(back))


def _news(case: Case, before: Before) -> list[str]:
    """Series that see it now and did not before; small losses that began."""
    parts = []
    for row in case.rows.values():
        if row.first_seen is not None and row.series_id not in before.seen:
            alert = max((a for a in case.live if a.series_id == row.series_id), key=lambda a: a.depth)
            parts.append(
                _("Also seen from {when}: {fall}.").format(
                    when=words.when(_time(row.first_seen)), fall=_fall(case, alert)
                )
            )
        elif row.first_seen is None and row.shallow_since is not None and row.series_id not in before.shallow:
            parts.append(
                _("{what}: a small loss from {when}, {pct} so far.").format(
                    what=_name(case, row.series_id),
                    when=words.when(_time(row.shallow_since)),
                    pct=words.percent(row.shallow_depth),
                )
            )
    for alert in case.open_alerts:
        key = alert_key(alert)
        if key not in before.keys and alert.series_id in before.seen:
            parts.append(_("Fallen again: {fall}.").format(fall=_fall(case, alert, alert.loss)))
    return parts


def _name(case: Case, series_id: str) -> str:
    """The signal's name; with its source where another one measures the same: else two sentences would be alike."""
    signal, source = split(series_id)
    others = any(split(other)[0] == signal and other != series_id for other in case.rows)
    what = words.title(series_id)
    return _("{what} (source {source})").format(what=what, source=source) if others else what


def _fall(case: Case, alert: Alert, loss: float | None = None) -> str:
    """``words.fall`` by that name."""
    return words.fall(alert, loss).replace(words.title(alert.series_id), _name(case, alert.series_id), 1)


def _eased(case: Case, alert: Alert) -> str:
    """How much of an open alert is left, against its worst, in the measure of ``words.fall``."""
    what, pct = _name(case, alert.series_id), words.percent(alert.depth)
    rises = alert.rule in ("latency_rise", "error_rise")
    if alert.held < NOTHING and rises:
        return _("Back to normal just now: {what}.").format(what=what)
    if alert.held < NOTHING:
        return _("Back to normal just now: {what}, {pct} below at the worst.").format(what=what, pct=pct)
    now = _fall(case, alert, alert.held)
    if alert.rule == "latency_rise":
        worst = words.times(1 / max(1e-3, 1 - alert.depth))
        return _("Partly back: {fall} now, {times} times at the worst.").format(fall=now, times=worst)
    return _("Partly back: {fall} now, {pct} at the worst.").format(fall=now, pct=pct)


def _sight(case: Case) -> list[str]:
    """Whether any signal that showed the outage still has data. Silence is told, and never closes an outage."""
    rows = [case.rows.get(a.series_id) for a in case.open_alerts]
    blind = [r for r in rows if r is not None and r.silent_since is not None]
    if rows and len(blind) == len(rows) and not case.blind:
        case.blind = True
        since = max(r.silent_since or 0 for r in blind)
        text = _("It cannot be seen since {when}: none of the signals that showed it has data. It stays open.")
        return [text.format(when=words.when(_time(since)))]
    if case.blind and len(blind) < len(rows):
        case.blind = False
        return [_("It can be seen again.")]
    return []


def _back(case: Case, before: Before) -> list[str]:
    parts, named = [], set()
    for alert in case.live:
        key = alert_key(alert)
        if alert.closed is not None and key in before.open:
            named.add(alert.series_id)
            told = _("settled at a new level") if alert.adopted else _("back to its usual range")
            parts.append(
                _("{what}: {told} since {when}.").format(
                    what=_name(case, alert.series_id), told=told, when=words.when(alert.closed)
                )
            )
        elif alert.closed is None and alert.depth >= WORTH and key in before.open and alert.rule not in RISES:
            reached = [part for part in BACK if alert.held < part * alert.depth]
            fresh = [part for part in reached if f"back:{part}:{key}" not in case.stages]
            if fresh:
                case.stages += [f"back:{part}:{key}" for part in fresh]
                named.add(alert.series_id)
                parts.append(_eased(case, alert))
    rest = [a for a in case.open_alerts if a.series_id not in named and (a.loss or 0.0) >= NOTHING]
    if parts and rest:
        worst = max(rest, key=lambda a: (a.loss or 0.0, a.series_id))
        parts.append(_("Still affected: {fall}.").format(fall=_fall(case, worst, worst.loss)))
    return parts


def opened(case: Case) -> str:
    """The first entry."""
    case.told_depth = case.depth
    if case.echoes:
        case.stages.append("echo")
    main = case.main
    if main.rule == "match_rise":
        case.told_depth = main.peak
    rest = sorted((a for a in case.open_alerts if a is not main), key=lambda a: (-a.depth, a.series_id))
    first = words.headline(case.entity, main, _time(case.start), None, agreeing=case.agreeing)
    return " ".join([first, *(_("{fall}.").format(fall=_fall(case, a)) for a in rest), verdict(case)])


def closed(case: Case) -> str:
    """The entry of the end."""
    minutes = ((case.end or case.start) - case.start) / 60
    text = _("Over since {when}, after {time}: all signals that showed it are back in their usual range.")
    if any(a.adopted for a in case.live):
        text = _("Over since {when}, after {time}: the signals have settled, some of them at a new level.")
    return text.format(when=words.when(_time(case.end or 0)), time=words.duration(minutes))


def reopened(case: Case) -> str:
    """The entry of a relapse within the hour."""
    worst = max(case.open_alerts, key=lambda a: (a.depth, a.series_id))
    return _("Back again, within the hour: {fall}.").format(fall=words.fall(worst, worst.loss or worst.depth))


def part_of(parent: Case) -> str:
    """The entry of a network whose country turned out to be hit."""
    return _("This is part of a larger outage: {name}.").format(name=words.name(parent.entity))


def why_withdrawn(case: Case) -> str:
    """Why all alerts of a case were taken back."""
    reasons = {a.withdrawn for a in case.alerts.values()}
    if "own_fault" in reasons:
        return _("our own measurement was impaired at that time; most countries dipped together.")
    return _("late data arrived, and with them the values are within the usual range.")


def verdict(case: Case) -> str:
    """Control plane against data plane, for the whole outage, and what the other side of the event shows."""
    return " ".join(part for part in (_planes(case), echo.sentence(case)) if part)


def _planes(case: Case) -> str:
    live: list[Alert] = case.live
    if any(a.rule == "match_rise" for a in live):
        return _(
            "Attempts that firewalls counted, and no outage of a network. Where requests come from does not say who "
            "sends them."
        )
    if any(a.rule == "load_rise" for a in live):
        if any(a.rule == "error_rise" for a in live):
            text = _("More queries arrive than usual and more of them fail: whoever gets no answer asks again.")
            return text if case.echoes else f"{text} {_('This alone does not make our resolvers the cause.')}"
        return _("More arrives than usual, and it is answered as usual: load, not loss.")
    depth = max((a.depth for a in live if plane(a.series_id) == "data"), default=0.0)
    families = {family(a.series_id) for a in live}
    return words.verdict(
        agree.plane_verdict(case, "control"),
        agree.plane_verdict(case, "data"),
        depth,
        quality=any(plane(a.series_id) == "quality" for a in live),
        one_service=len(families) == 1 and all(a.series_id.partition("@")[0] in ONE_SERVICE for a in live),
    )


def _time(t: int) -> datetime:
    return datetime.fromtimestamp(t, UTC)
