"""The sentences of an outage: headline, verdict, severity, updates. They never say more than the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from radar import cldr, entities
from radar.detect.model import Alert
from radar.labels import N_, _
from radar.labels import duration as duration
from radar.signals import SIGNALS, split

#: Sentences that earlier versions stored. They are written no more and still told (``radar.retell``).
EARLIER = (
    N_("{name} get {times} times their usual queries since {when}."),
    N_("Our resolvers get {times} times their usual queries since {when}: what gets no answer is asked for again."),
    N_("Its names ({zones}) cannot be looked up and are asked for again: {resolvers} get {times} times their usual "
       "queries since {when}."),
    N_("An outage that was shown here was taken back or has ended, says {by}."),
    N_("{n} minutes"),
    N_("{n} hours"),
)  # fmt: skip

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip


#: The form of ``when``, named here as it is stored with sentences (``scripts/messages.py``).
WHEN = N_("{clock} UTC on {day} {month} {year}")


def when(t: datetime) -> str:
    """ "16:30 UTC on 8 January 2026"."""
    return cldr.moment(t)


def on(t: datetime) -> str:
    """ "8 January 2026", where only the day is known."""
    return _("{day} {month} {year}").format(day=t.day, month=_(MONTHS[t.month - 1]), year=t.year)


def name(entity: str) -> str:
    """The entity's name; the key itself for a name that is none of ours (a file of somebody else's)."""
    return entities.name(entity) if entities.is_entity(entity) else entity


def title(series_id: str) -> str:
    """The signal's title, or its id when the catalogue does not have it."""
    signal = split(series_id)[0]
    return _(SIGNALS[signal].title) if signal in SIGNALS else signal


def percent(part: float | None) -> str:
    """ "97 %", "under 1 %"; "an unknown part" for None."""
    if part is None:
        return _("an unknown part")
    if part > 0 and part < 0.005:
        return _("under 1 %")
    return _("{n} %").format(n=round(100 * part))


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    text = ", ".join(names[:most])
    return text if len(names) <= most else _("{names} and {n} more").format(names=text, n=len(names) - most)


#: What fails, while it does and afterwards.
_FAIL = {
    ("web", False): N_("{pct} of requests fail that usually succeed"),
    ("web", True): N_("{pct} of requests failed that usually succeed"),
    ("dns", False): N_("{pct} of queries fail that usually succeed"),
    ("dns", True): N_("{pct} of queries failed that usually succeed"),
}


def fall(alert: Alert, loss: float | None = None, *, over: bool = False) -> str:
    """ "Blocks that answer pings: 97 % below normal", in the form that fits the rule; ``over``: of what has ended."""
    part = alert.depth if loss is None else loss
    what = title(alert.series_id)
    if alert.rule == "error_rise":
        asked = "dns" if alert.series_id.startswith("dns.") else "web"
        return _(_FAIL[asked, over]).format(pct=percent(part))
    if alert.rule in ("latency_rise", "load_rise"):
        times = 1 / max(1e-6, 1 - min(part, 0.999))
        return _("{what} {times} times its usual value").format(what=what, times=f"{times:.1f}")
    if alert.rule == "match_rise":
        return _attempts(alert, alert.peak if loss is None else alert.value)
    if alert.rule == "burst":
        return _("{what}: {pct} at once").format(what=what, pct=percent(part))
    return _("{what} {pct} below normal").format(what=what, pct=percent(part))


def _attempts(alert: Alert, hour: float) -> str:
    """ "360 attempts in an hour, 12 times the usual"; "none in the days before" where there were none."""
    n = f"{hour:,.0f}"
    if not alert.baseline:
        return _("{n} attempts in an hour, none in the days before").format(n=n)
    return _("{n} attempts in an hour, {times} times the usual").format(n=n, times=times(hour / alert.baseline))


def times(factor: float) -> str:
    """A factor with two significant digits below a hundred."""
    return f"{factor:.1f}" if factor < 9.95 else f"{factor:,.0f}"


def _news_of_rule(main: Alert, start: datetime, end: datetime | None) -> str:
    """The headline of a rise of attempts on one rule."""
    rule = main.about if not main.title else _("“{title}” (rule {id})").format(title=main.title, id=main.about)
    n = f"{main.peak:,.0f}"
    if not main.baseline:
        if end is None:
            text = _("Attempts on {rule} rose from none to {n} in an hour since {when}.")
            return text.format(rule=rule, n=n, when=when(start))
        return _("Attempts on {rule} rose from none to {n} in the worst hour, {span}.").format(
            rule=rule, n=n, span=_span(start, end, when)
        )
    many = times(main.peak / main.baseline)
    if end is None:
        text = _("Attempts on {rule} rose to {times} times their usual number since {when}: {n} in an hour.")
        return text.format(rule=rule, times=many, when=when(start), n=n)
    text = _("Attempts on {rule} rose to {times} times their usual number {span}: {n} in the worst hour.")
    return text.format(rule=rule, times=many, span=_span(start, end, when), n=n)


def verdict(control: str, data: str, data_depth: float, *, quality: bool, one_service: bool) -> str:
    """Control plane against data plane. ``control``, ``data``: the verdict of each, "" when it is not measured."""
    if one_service:
        return _("One service's traffic has fallen; we do not know of routes or other traffic from this.")
    if data == "affected":
        gone = _("packets gone") if data_depth > 0.5 else _("part of the packets gone")
        if control == "not_affected":
            return _("Most routes stayed up, {gone}.").format(gone=gone)
        if control == "affected":
            return _("Routes were withdrawn too, {gone}.").format(gone=gone)
        return _("On the data plane {gone}; routes cannot be seen here.").format(gone=gone)
    if control == "affected":
        if data == "not_affected":
            return _("Routes were withdrawn; packets still flow where we can see them.")
        return _("Routes were withdrawn; packets cannot be seen here.")
    if quality:
        return _("Packets still flow, but worse than usual.")
    return _("What we see does not tell routes and packets apart.")


#: How an outage is called by its depth, once independent signals agree: lower bound of the loss, while open, once over.
OFFLINE = (
    (0.9, N_("{name} has been almost entirely offline since {when}: {fall}."),
     N_("{name} was almost entirely offline {span}: {fall} at the worst.")),
    (0.5, N_("{name} has been mostly offline since {when}: {fall}."),
     N_("{name} was mostly offline {span}: {fall} at the worst.")),
    (0.0, N_("{name} has been partly offline since {when}: {fall}."),
     N_("{name} was partly offline {span}: {fall} at the worst.")),
)  # fmt: skip


#: How much less than at the worst must be missing for an open outage to be told by what is missing now.
EASED = 0.05
#: Rules of what falls from bin to bin.
FALLS = ("seasonal_drop", "flat_drop", "routes_withdrawn", "routes_withdrawn_now")


def has_eased(alert: Alert) -> bool:
    """Whether an open alert's newest bins lie clearly above its worst."""
    return alert.rule in FALLS and alert.depth - alert.held >= EASED


def headline(entity: str, main: Alert, start: datetime, end: datetime | None, *, agreeing: int = 1) -> str:
    """One sentence: who, what, how deep, since when.

    ``agreeing``: independent families of signals that lost something. "Offline" is said only when two or more agree;
    a single one is told as what it is.
    """
    if main.rule == "match_rise":
        return _news_of_rule(main, start, end)
    what = _lower(fall(main, over=end is not None))
    lost = main.depth
    if end is None and has_eased(main):  # the peak is not told as if it were now
        what, lost = _lower(fall(main, main.held)), main.held
        what = _("{fall}, {pct} at the worst").format(fall=what, pct=percent(main.depth))
    tell = on if main.rule == "slow_degradation" else when
    going, over = _("{name}: {fall} since {when}."), _("{name}: {fall} at the worst, {span}.")
    if agreeing > 1 and main.rule in ("seasonal_drop", "flat_drop"):
        going, over = next((_(now), _(then)) for bound, now, then in OFFLINE if lost >= bound)
    if main.rule == "load_rise" and split(main.series_id)[0] == "dns.queries":
        going = _("{name} have been getting {times} times their usual queries since {when}.")
        over = _("{name} got up to {times} times their usual queries {span}.")
        times = f"{1 / max(1e-6, 1 - min(main.depth, 0.999)):.1f}"
        if end is None:
            return going.format(name=name(entity), times=times, when=tell(start))
        return over.format(name=name(entity), times=times, span=_span(start, end, tell))
    if end is None:
        return going.format(name=name(entity), fall=what, when=tell(start))
    return over.format(name=name(entity), fall=what, span=_span(start, end, tell))


def _span(start: datetime, end: datetime, tell: Callable[[datetime], str]) -> str:
    """ "from 03:00 to 10:40 UTC on 2 March 2026": the date once where it is the same."""
    if tell is when and start.date() == end.date():
        return _("from {clock} to {end}").format(clock=f"{start:%H:%M}", end=when(end))
    return _("from {start} to {end}").format(start=tell(start), end=tell(end))


def severity(depth: float | None, minutes: float, who: str, *, rule: str) -> str:
    """How bad, in words: depth, time, and ``who`` is hit, as the end of a sentence. ``rule``: of the main alert."""
    if rule == "match_rise":
        text = _("More attempts than usual for {time}; whether any of them did harm is not known.")
        return text.format(time=duration(minutes))
    if rule == "load_rise":
        what = _("Busier than usual")
    elif depth is None:
        what = _("Slower than usual")
    elif rule == "error_rise":
        what = _("Up to {pct} of requests failed").format(pct=percent(depth))
    else:
        what = _("Up to {pct} lost").format(pct=percent(depth))
    return _("{what} for {time}; {who}.").format(what=what, time=duration(minutes), who=who)


def _lower(text: str) -> str:
    """The text without a capital at its start, unless its first word is a name or an abbreviation."""
    first = text.split(" ", 1)[0]
    if first in ("YouTube", "Google") or (len(first) > 1 and first[1].isupper()):
        return text
    return text[:1].lower() + text[1:]
