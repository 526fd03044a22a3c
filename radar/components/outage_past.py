"""What an outage was believed to be at each moment, and what of it has come back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import cldr
from radar.components import numbers, outages, shell, state, times
from radar.components.ssr import marks
from radar.labels import CAUSES, N_, STATES, STATUSES, _, confidence_words, ngettext
from radar.shapes import Outage, OutageSignal
from radar.signals import SIGNALS, SLOTS

#: So much of normal must have come back since the worst before it is called a part of it.
PARTLY = 0.1

#: Versions that are seen before the rest is folded away.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Standing:
    """How a series stands in its newest bin: its condition (``Drawing.condition``), its value and what is normal."""

    condition: str
    value: float | None = None
    normal: float | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What was published of an outage from a moment on. ``depth`` in tenths of normal, None where it is not known;
    ``sees``, ``signals``: how many see it, of how many; ``cause``: the likeliest, None where none is named."""

    at: datetime
    status: str
    level: str
    start: str
    end: str | None
    depth: float | None
    sees: int
    signals: int
    confidence: float | None
    cause: str | None

    def told(self) -> tuple[Any, ...]:
        """What a reader sees of it; of the confidence the word."""
        return (self.status, self.level, self.start, self.end, self.depth, self.sees, self.signals,
                confidence_words(self.confidence), self.cause)  # fmt: skip

    def firm(self) -> tuple[Any, ...]:
        """The same without what wavers from one publication to the next: how deep it is, how many see it."""
        return (self.status, self.level, self.start, self.end, confidence_words(self.confidence), self.cause)


def delay(outage: Outage, now: str) -> Component | None:
    """How long it took from the onset to the first word of it; None for recorded sets, which were not watched."""
    if outage.get("history"):
        return None
    minutes = (times.parse(outage["known_at"]) - times.parse(outage["start"])) / timedelta(minutes=1)
    if minutes < 0:
        return None
    return html.P([_("We said so first at"), " ", times.time(outage["known_at"], now), ", ",
                   _("{duration} after it began.").format(duration=times.duration(minutes))])  # fmt: skip


def versions(
    outage: Outage,
    rows: Sequence[Version],
    until: datetime,
    now: str,
    *,
    gaps: bool,
    waiting: bool = False,
    coarse: datetime | None = None,
) -> Component:
    """The table "What we knew when": one row for each version that differs, what changed marked. ``until``:
    publications were read up to then; ``gaps``: some before are not here; ``waiting``: they are being brought back;
    ``coarse``: from then on what wavers is told by steps."""
    note = _("Each row is what this page said from then on, taken from the record of publications. What changed "
             "against the row above stands in bold.")  # fmt: skip
    parts: list[Any] = [delay(outage, now)]
    if not rows:
        why = _("The record of that time lies in the archive. The page of any moment can be asked for in the list of "
                "outages.")  # fmt: skip
        parts.append(html.P([why, " ", _back(outage["id"], waiting=waiting)], className="none"))
        return shell.section(_("What we knew when"), *parts, id="known-when")
    head = html.Tr([html.Th(name, scope="col") for name in (_("From"), *_columns())])
    body = [_version(outage["id"], row, rows[i - 1] if i else None, now) for i, row in enumerate(rows)]

    def table(some: Sequence[Component]) -> Component:
        return html.Div(html.Table([html.Thead(head), html.Tbody(some)], className="figures stacked versions"),
                        className="scroll")  # fmt: skip

    parts.append(table(body[:SHOWN]))
    if len(body) > SHOWN:
        label = ngettext("{n} later version", "{n} later versions", len(body) - SHOWN).format(n=len(body) - SHOWN)
        parts.append(html.Details([html.Summary(label), table(body[SHOWN:])]))
    if coarse is not None:
        parts.append(html.P([
            _("From the third day on, changes of depth and of the number of signals alone are told once in six hours, "
              "and after two weeks once a day; any other change is told whenever it came."),
        ], className="note"))  # fmt: skip
    if gaps:
        parts.append(html.P([_("Some of the record lies in the archive and is not told here."), " ",
                             _back(outage["id"], waiting=waiting)], className="note"))  # fmt: skip
    if until < times.parse(now):
        parts.append(html.P([_("Told until"), " ", times.time(times.rfc3339(until), now), "."], className="note"))
    return shell.section(_("What we knew when"), *parts, note=note, id="known-when")


def _back(id: str, *, waiting: bool) -> Component | str:
    """How to have the rest brought back from the archive."""
    if waiting:
        return _("It is being brought back; this page loads itself again.")
    return html.A(_("Look for it in the archive"), href=f"/outage/{id}?record=all", rel="nofollow")


def _columns() -> tuple[str, ...]:
    """What each version says, in the order of its cells."""
    return _("State"), _("Began"), _("Ended"), _("Depth"), _("Signals"), _("Confidence"), _("Perhaps")


def _version(id: str, row: Version, before: Version | None, now: str) -> Component:
    names = iter(_columns())

    def cell(value: Any, changed: bool) -> Component:
        told = html.B(value) if changed and before is not None else html.Span(value)
        return html.Td(told, **marks(data_label=next(names)))

    def differs(*names: str) -> bool:
        return before is not None and any(getattr(row, name) != getattr(before, name) for name in names)

    sure = before is not None and confidence_words(row.confidence) != confidence_words(before.confidence)
    word = _(STATES[row.level]) if row.status == "open" else _(STATUSES[row.status])
    kind = row.level if row.status == "open" else "insufficient" if row.status == "retracted" else "ok"
    moment = times.rfc3339(row.at)
    depth = "–" if row.depth is None else _("about {n} %").format(n=cldr.fixed(100 * row.depth))
    cause = "–" if row.cause in (None, "unknown") else _(CAUSES.get(row.cause or "", row.cause or ""))
    return html.Tr([
        html.Th(html.A(times.time(moment, now), href=f"/outage/{id}?at={moment}", title=_("The page as it was then")),
                scope="row"),
        cell(state.mark(kind, word), differs("status", "level")),
        cell(times.time(row.start, now), differs("start")),
        cell(times.time(row.end, now) if row.end else "–", differs("end")),
        cell(depth, differs("depth")),
        cell(_("{n} of {m}").format(n=row.sees, m=row.signals), differs("sees", "signals")),
        cell(confidence_words(row.confidence), sure),
        cell(cause, differs("cause")),
    ], **marks(data_at=moment))  # fmt: skip


# -- what has come back -----------------------------------------------------------------------------------------------


def restoration(
    outage: Outage, parts: Sequence[Outage], standing: Mapping[str, Standing], now: str
) -> Component | None:  # fmt: skip
    """What has come back, what has not, and of what we cannot say. None for what was taken back, for recorded history
    and for rises of attempts.

    Parameters
    ----------
    parts
        The outages that are part of it.
    standing
        How the newest bin of each series stands, by series id; of one that is missing we cannot say. They count only
        while the outage lasts.
    """
    if outage["status"] == "retracted" or outage.get("history") or outage.get("about"):
        return None
    back: list[Component] = []
    missing: list[Component] = []
    unsure: list[Component] = []
    partly = 0
    for row in outage["signals"]:
        if row["first_seen"] is None:
            continue
        signal = SIGNALS.get(row["signal"])
        title = html.B(_(signal.title) if signal else row["signal"])
        source = html.A(row["source"], href=f"/sources#{row['source']}", className="source")
        stands = standing.get(f"{row['signal']}@{row['source']}", Standing("unknown"))
        condition = stands.condition
        if outage["status"] == "closed":  # what the newest bin says may belong to another outage
            condition = "within" if row["verdict"] != "insufficient" else "unknown"
        if condition in ("within", "outside"):
            back.append(_line("ok", title, _since(row, outage["end"], now), source))
        elif condition in ("weak", "gone"):
            partly += _recovered(row, stands)
            missing.append(_line("outage" if condition == "gone" else "degraded", title, [_how(row, stands)], source))
        else:
            unsure.append(_line("insufficient", title, [_(_BLIND.get(condition, _BLIND["unknown"]))], source))
    for part in parts:
        name = outages.link(part, html.B(outages.name_of(part["entity"])))
        if part["status"] == "closed" and part["end"]:
            back.append(_line("ok", name, [_("back since"), " ", times.time(part["end"], now)]))
        elif part["status"] == "open":
            missing.append(_line(part["level"], name, [_("not back yet")]))
    if not (back or missing or unsure):
        return None
    return shell.section(
        _("What has come back"),
        html.P(_summary(outage, len(back), len(missing), len(unsure), partly), className="sentence"),
        *(html.Ul(rows, className="plain verdicts") for rows in (missing, back, unsure) if rows),
        note=_("By when each signal saw it last, and by the outages of its networks.")
        if outage["status"] == "closed"
        else _("By the newest bin of each signal that saw it, and by the outages of its networks."),
        id="restoration",
    )


#: Why we cannot say of a signal how it is now, by its condition.
_BLIND = {
    "silent": N_("it has no data any more, so we cannot say how it is now"),
    "unjudged": N_("too little is measured to say how it is now"),
    "unknown": N_("we cannot say how it is now"),
}


def _part(stands: Standing) -> float | None:
    """How much of normal there is, 0 to 1; None where nothing says."""
    if stands.value is None or not stands.normal:
        return None
    return max(0.0, stands.value / stands.normal)


def _recovered(row: OutageSignal, stands: Standing) -> bool:
    """Whether a noticeable part of what went has come back, of a signal that falls."""
    signal, part, depth = SIGNALS.get(row["signal"]), _part(stands), row.get("depth")
    return (
        signal is not None and signal.bad == "low" and part is not None and depth is not None
        and part - (1 - depth) >= PARTLY
    )  # fmt: skip


def _how(row: OutageSignal, stands: Standing) -> str:
    """ "29 % of normal now, 1 % at the worst"; of what rises its value: "140 ms now, 340 ms at the worst"."""
    signal, part = SIGNALS.get(row["signal"]), _part(stands)
    depth, made = row.get("depth"), row.get("numbers")
    if signal is not None and signal.bad == "high" and stands.value is not None:
        value = numbers.quantity(stands.value, signal)
        if made is None:
            return _("{value} now, still beyond the threshold").format(value=value)
        worst = numbers.quantity(max(made["value"], stands.value), signal)
        return _("{value} now, {worst} at the worst").format(value=value, worst=worst)
    if part is None:
        gone = stands.condition == "gone"
        return _("more than half is still missing") if gone else _("still beyond the threshold")
    said = _("{part} of normal now").format(part=_percent(part))
    if depth is None:
        return said
    return _("{now}, {part} at the worst").format(now=said, part=_percent(min(1 - depth, part)))


def _percent(part: float) -> str:
    """Little is not nothing: "under 1 %"."""
    return _("under 1 %") if 0 < part < 0.005 else _("{n} %").format(n=cldr.fixed(part * 100))


def _since(row: OutageSignal, end: str | None, now: str) -> list[Any]:
    """From when on a signal is back: the end of the last bin that was affected; else that of the outage."""
    last, series = row.get("last_seen"), f"{row['signal']}@{row['source']}"
    if not last and end:
        return [_("in its usual range since"), " ", times.time(end, now)]
    if not last or series not in SLOTS:
        return [_("in its usual range again")]
    since = times.parse(last) + timedelta(seconds=SLOTS[series][0].grain_s)
    return [_("in its usual range since"), " ", times.time(times.rfc3339(since), now)]


def _line(kind: str, name: Any, words: Sequence[Any], source: Any = None) -> Component:
    return html.Li([state.shape(kind), name, html.Span(list(words), className="said"), source])


def _summary(outage: Outage, back: int, missing: int, unsure: int, partly: int) -> str:
    total = back + missing + unsure
    if not missing and not unsure:
        return _("All that we saw go is back.") if outage["status"] == "closed" else _(
            "All that we saw go is back in the newest bin; the outage is called over when that lasts.")  # fmt: skip
    if not back and not missing:
        return _("We cannot say what has come back.")
    some = ngettext("{n} of {m} has partly recovered", "{n} of {m} have partly recovered", partly)
    some = some.format(n=partly, m=total)
    if not back:
        text = _("Nothing is back to normal yet; {some}.").format(some=some) if partly else (
            _("Nothing has come back yet."))  # fmt: skip
    elif partly:
        text = _("{n} of {m} back to normal, {k} not yet; {some}.").format(n=back, m=total, k=missing, some=some)
    else:
        text = _("{n} of {m} have come back, {k} have not.").format(n=back, m=total, k=missing)
    if unsure:
        text += " " + ngettext("Of {n} we cannot say.", "Of {n} we cannot say.", unsure).format(n=unsure)
    return text
