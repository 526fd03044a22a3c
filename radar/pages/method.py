"""``/method``: what is measured, what counts as normal, when something is called broken, and what we do not see.

The numbers of the gates come from ``radar.bands``, where the detector takes them from; the signals from the catalogue.
The numbers of ``FACTS`` belong to the detector, which pages may not import: a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from radar import bands, cldr, rules
from radar.components import causes, numbers, record, shell, state
from radar.components.quality import JUDGED
from radar.labels import HIGH, MEDIUM, PLANES, STATE_HELP, _
from radar.signals import SIGNALS, SLOTS, Signal, series_id

shell.register_page(__name__, path="/method", title="Method")

#: What the detector works with: days before a series is judged, weeks and days looked back on, bins and seconds in a
#: row, minutes within which two signals confirm each other, the countries' movement that means our own fault, and the
#: most that is said of what one kind of signal sees alone.
FACTS = {"warm_up_days": 14, "weeks": 4, "days": 7, "bins": 2, "minutes": 10, "confirm_minutes": 30,
         "common_percent": 14, "common_share": 33, "voters": 10, "least_voters": 6, "nearly_all": 80,
         "most_alone": 95}  # fmt: skip

#: The rule of a slow fall, which looks only at values that their upstream has normalised.
_CAPPED = "slow_degradation"

#: Signals that see one company's service only (``radar.detect.rules.ONE_SERVICE``).
ONE_SERVICE = ("google.youtube",)


def layout(**query: str) -> Component:
    """The page; the same for everyone."""
    lede = _("Every verdict on this site comes from a rule that is written here, from numbers that are one click away. "
             "No person decides what is found; what people say about it is shown beside it, with a name and a "
             "reason.")  # fmt: skip
    return shell.page(
        _("How we decide"),
        html.P(lede, className="lede"),
        _contents(),
        _normal(),
        _broken(),
        _words(),
        _outages(),
        _rules(),
        _confidence(),
        causes.method(),
        _faults(),
        _unseen(),
        _quality(),
        record.method(),
        _catalogue(),
        _numbers(),
        description=lede,
    )


def _contents() -> Component:
    parts = (("normal", _("What is normal")), ("broken", _("When a signal counts as affected")),
             ("states", _("The four states")), ("outages", _("From signals to an outage")),
             ("rules", _("All rules")),
             ("confidence", _("Confidence")), ("causes", _("Causes")), ("faults", _("Our own faults")),
             ("unseen", _("What we do not see")), ("quality", _("How well packets travel")),
             ("reliability", _("Reliability")),
             ("signals", _("All signals")), ("api", _("Taking "
                                                                                           "the numbers")))  # fmt: skip
    return html.Ul([html.Li(html.A(text, href=f"#{id}")) for id, text in parts], className="toc")


def _normal() -> Component:
    return shell.section(
        _("What is normal"),
        html.P(_("What is measured is held against what was usual. Which past that is depends on how the "
                 "signal moves:")),
        html.Ul([
            html.Li(_("Signals with a daily and weekly rhythm, such as requests, failures and latency: the median of "
                      "the same time of the week in the last {weeks} weeks, with the "
                      "neighbouring bins.").format(**FACTS)),
            html.Li(_("Flat signals, such as the blocks that answer pings: the median of the same time of day in the "
                      "last {days} days.").format(**FACTS)),
            html.Li(_("Announced routes: the median of the last 24 hours.")),
        ]),
        html.P(_("What was an outage is taken out of that past first, so that an outage never becomes the new normal "
                 "while it lasts. How much a series usually scatters is measured from itself. A series is not judged "
                 "before {warm_up_days} days of it are there; until then we say that we have too little data.").format(
                     **FACTS)),
        id="normal",
        class_name="prose",
    )  # fmt: skip


def _broken() -> Component:
    """The gates of each profile, from radar.bands."""
    gate, routes = _percent(1 - bands.GATE), _percent(1 - bands.GATE_ROUTES)
    rows = [
        (_("Requests, traffic, telescope"), _("at least {gate} below normal").format(gate=gate)),
        (_("Blocks that answer pings"), _("at least {gate} below normal").format(gate=gate)),
        (_("Announced routes"), _("at least {gate} below normal").format(gate=routes)),
        (_("Share of failures"), _("at least {n} points above normal").format(n=round(bands.RISE_SHARE * 100))),
        (_("Latency"), _("at least {gate} and {ms} ms above normal").format(
            gate=_percent(bands.RISE_LATENCY), ms=round(bands.RISE_LATENCY_MS))),
    ]  # fmt: skip
    return shell.section(
        _("When a signal counts as affected"),
        html.P(_("A value must be both far from normal in its own terms and unlikely by chance: at least {z} robust "
                 "standard deviations away, in at least {bins} bins in a row and for at least {minutes} minutes. It "
                 "counts as normal again when it is closer than {close} deviations for as long.").format(
                     z=_number(-bands.OPEN_Z), close=_number(-bands.CLOSE_Z), **FACTS)),
        html.P(_("For what people do on one network {z} deviations are enough, and {publish} to be published: there "
                 "are thousands of networks, few of which a second signal sees, and more of their outages are found at "
                 "the price of a few more false alarms. The scoreboard counts both.").format(
                     z=_number(-bands.OPEN_NETWORK), publish=_number(-bands.PUBLISH_NETWORK))),
        _table((_("Signal"), _("and besides")), rows),
        html.P(_("Counts also carry the chance scatter of their size: where fewer than {n} are expected, a fall is not "
                 "judged. Single bins, 15 minutes and an hour are looked at side by side, so that a slow fall is found "
                 "too. The threshold line of a chart is the value at which a single bin would be affected.").format(
                     n=_number(bands.MIN_COUNT))),
        id="broken",
        class_name="prose",
    )  # fmt: skip


def _words() -> Component:
    rows = [(state.mark(kind), _(STATE_HELP[kind])) for kind in state.ORDER]
    return shell.section(
        _("The four states"),
        _table((_("State"), _("Meaning")), rows),
        html.P(_("No data is not zero, and silence is not health. A place of which we see too little is hatched on the "
                 "map and never called normal.")),
        id="states",
        class_name="prose",
    )  # fmt: skip


def _outages() -> Component:
    return shell.section(
        _("From signals to an outage"),
        html.P(_("Signals of one place that are affected at the same time make one outage. It is published when one "
                 "signal lies at least {z} deviations from normal, or when two independent signals change within "
                 "{confirm_minutes} minutes of each other. Where one signal of what people do falls, and addresses "
                 "are seen to answer as usual, more is asked for: a holiday is not an outage.").format(
                     z=_number(-bands.PUBLISH_Z), **FACTS)),
        html.P([_("Some data alone never say more than “degraded”, however far they fall: the traffic of a single "
                  "company's service ({signals}), and a slow fall of values that their upstream has shifted or scaled "
                  "(rule {rule}), as they tell how much of something there is against the rest and not how much is "
                  "left.").format(signals="; ".join(_(SIGNALS[id].title) for id in ONE_SERVICE), rule=_CAPPED)]),
        html.P(_("Each outage shows which sources see it, which do not, and which cannot see the place. We say apart "
                 "what happened to routes (the control plane) and to packets (the data plane): a network can be "
                 "announced and still be silent.")),
        html.P(_("The start is the best estimate; the earliest start is the last moment that was seen to be normal. "
                 "Outages of the networks of a country that is out are listed under it. Changes are published as "
                 "updates and nothing is taken away in silence: an outage that was none is marked as retracted and "
                 "says why.")),
        html.P(_("Who runs this radar may confirm an outage, correct its times, its level or its cause, call it a "
                 "false alarm, or mute it until a date. Each such word stands on the outage's page with name, reason "
                 "and time, beside what the radar itself says; none can be deleted, only taken back by another.")),
        id="outages",
        class_name="prose",
    )  # fmt: skip


def _rules() -> Component:
    """Every row of the file of rules, with the numbers that it works with here."""
    rows = [
        (html.Code(rule.id), [html.P(rule.words()), html.P(rule.why(), className="note"), html.P(_pairs(rule.numbers))])
        for rule in rules.RULES.values()
    ]
    told = [(html.Code(id), rules.BOOK.published(id)) for id in rules.BOOK.publications]
    shared = {**rules.EACH, **rules.ABOUT_OUTAGES}
    return shell.section(
        _("All rules"),
        html.P(_("Each alert and each outage names its rule by these ids and shows the numbers that made it. The table "
                 "is made from the file that the detector itself reads, so it holds what is used here.")),
        _table((_("Rule"), _("Fires when, why, and its numbers")), rows),
        html.P(_("How an outage comes to be published:")),
        _table((_("Rule"), _("Meaning")), told),
        html.P([_("Numbers that all rules share: "), _pairs(shared)]),
        id="rules",
        class_name="prose",
    )  # fmt: skip


def _pairs(numbers_: Mapping[str, float]) -> Component:
    return html.Span(", ".join(f"{key} {value:g}" for key, value in numbers_.items()), className="note")


def _confidence() -> Component:
    return shell.section(
        _("Confidence"),
        html.P(_("How sure we are that an outage is real, from 0 to 100 %. It grows with each independent kind of "
                 "signal that sees it and shrinks with each that looks and does not see it. In words: from {high} % "
                 "high, from {medium} % medium, below that low. It was learnt from simulated outages of which it is "
                 "known what they were, and is held against others on the scoreboard. One kind of signal alone is "
                 "never given more than {most_alone} %, as a simulation does not hold every mistake that a "
                 "measurement can make.").format(high=round(HIGH * 100), medium=round(MEDIUM * 100), **FACTS)),
        id="confidence",
        class_name="prose",
    )  # fmt: skip


def _faults() -> Component:
    return shell.section(
        _("Our own faults"),
        html.P([_("When most of the world seems to fall at once, we are broken, not the world. If the median country "
                 "falls by more than {common_percent} %, or more than {common_share} % of at least {voters} countries "
                 "fall together, a notice stands on top of every page, and no outage is published from "
                 "that signal.").format(
                     **FACTS), " ",
               _("Where some of them sent nothing, {least_voters} are enough if {nearly_all} % of these fall.").format(
                     **FACTS)]),
        html.P([_("A source that is late or fails is shown as such under "), html.A(_("Sources"), href="/sources"),
                _(" and "), html.A(_("Status"), href="/status"),
                _("; its silence is not read as an outage. When our own store cannot be asked, pages say so and show "
                  "no states.")]),
        id="faults",
        class_name="prose",
    )  # fmt: skip


def _unseen() -> Component:
    return shell.section(
        _("What we do not see"),
        html.Ul([
            html.Li(_("Places with few networks or few measurements: small states, islands, regions of war. They are "
                      "shown as too little data.")),
            html.Li(_("Parts of a country: a city that is cut off may be lost in the total.")),
            html.Li(_("Anything shorter than two bins of a signal, usually 10 minutes.")),
            html.Li(_("Blocking of single sites or apps, censorship of content, slow lines in a single home.")),
            html.Li(_("Why. Measurements show that packets stop; the reason is only ever inferred.")),
            html.Li(_("How many people are hit, where it is not said: networks are not people.")),
        ]),
        id="unseen",
        class_name="prose",
    )  # fmt: skip


def _catalogue() -> Component:
    """All signals by what they speak of; the percentiles of speed tests folded, as there are many of one kind."""
    parts: list[Any] = []
    for plane, words in PLANES.items():
        rows = [row for row in SIGNALS.values() if row.plane == plane and not row.id.startswith("ndt.")]
        if rows:
            parts += [html.H3(_("Signals that speak of {plane}").format(plane=_(words))), _signals(rows)]
    speed = [signal for signal in SIGNALS.values() if signal.id.startswith("ndt.")]
    folded = html.Details([html.Summary(_("Percentiles of speed tests ({n})").format(n=len(speed))), _signals(speed)])
    note = _(
        "From the catalogue that the detector itself reads. “Not judged”: shown, and never the ground of an outage."
    )
    return shell.section(_("All signals"), *parts, folded, note=note, id="signals", class_name="prose")


def _signals(rows: Sequence[Signal]) -> Component:
    how = {"seasonal": _("weekly rhythm"), "flat": _("level"), "latency": _("latency"),
           "ratio": _("share of failures"), "none": _("not judged")}  # fmt: skip
    scales = {"count": _("count"), "share": _("share"), "normalised": _("relative"), "ms": _("time"), "mbps": _("rate"),
              "ratio": _("ratio")}  # fmt: skip
    bad = {"low": _("a fall"), "high": _("a rise")}
    body = []
    for signal in rows:
        place = SLOTS.get(series_id(signal.id))
        name = html.Th([html.Span(_(signal.title)), html.Code(signal.id)], scope="row")
        source = html.A(signal.preferred, href=f"/sources#{signal.preferred}")
        cells: list[list[Any]] = [
            [_(signal.help), " ", html.Span([_("Source:"), " ", source], className="note")],
            [_(signal.unit), " ", html.Span(scales[signal.scale], className="note")],
            [numbers.grain(place[0].grain_s) if place else "–"],
            [bad[signal.bad]],
            [how.get(signal.profile, signal.profile)],
        ]
        body.append(html.Tr([name, *(html.Td(cell) for cell in cells)], id=signal.id))
    head = (_("Signal"), _("What it is"), _("Unit, scale"), _("Every"), _("Feared"), _("Judged by"))
    top = html.Thead(html.Tr([html.Th(text, scope="col") for text in head]))
    return html.Div(html.Table([top, html.Tbody(body)], className="figures catalogue"), className="scroll")


def _numbers() -> Component:
    return shell.section(
        _("Taking the numbers"),
        html.P([_("All that is drawn can be taken: as CSV from the link under each chart, and as JSON from "),
                html.A("/api/v1/", href="/api/v1/"),
                _(". A point that is coarser than the measurement is the mean of its bins and is empty where fewer "
                  "than half of them have data. Nothing is drawn finer than it was measured, and gaps stay gaps.")]),
        html.P([_("Outages come as a feed, one entry for each update: "),
                html.A("/feeds/outages.atom", href="/feeds/outages.atom"),
                _(", or for one place: "), html.A("/feeds/country/IQ.atom", href="/feeds/country/IQ.atom"), "."]),
        id="api",
        class_name="prose",
    )  # fmt: skip


def _quality() -> Component:
    return shell.section(
        _("How well packets travel"),
        html.P(_("Round-trip times and delivery rates are those of the connections that reached our own servers, as "
                 "the median of an hour with its 95 % interval. "
                 "An hour is held against the same hour of the day on the {days} "
                 "days before, of which at least {fewest_days} must have a value. It is faster or slower than usual "
                 "only when its interval lies wholly outside of the middle half of those days and the medians differ "
                 "by more than {ms} ms, for throughput by more than {percent} %.").format(**JUDGED)),
        html.P(_("Ranked is only what at least {enough} values stand behind, with an interval no wider than {widest} % "
                 "of the median. Of an hour that is not precise enough we never say that it is as usual.").format(
                     **JUDGED)),
        html.P(_("What connections are good enough for follows the Internet Quality Barometer of M-Lab, from a "
                 "recorded month of speed tests: for each purpose, four requirements are held against what {reach} % "
                 "of the tests reach, and the score is the weighted share that is met. With fewer than {tests} tests, "
                 "or without one of the four values, there is no score. The same by the median test is ours.").format(
                     **JUDGED)),
        id="quality",
        class_name="prose",
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Component:
    top = html.Thead(html.Tr([html.Th(text, scope="col") for text in head]))
    body = [html.Tr([html.Th(first, scope="row"), *(html.Td(cell) for cell in rest)]) for first, *rest in rows]
    return html.Div(html.Table([top, html.Tbody(body)], className="figures"), className="scroll")


def _percent(part: float) -> str:
    return _("{n} %").format(n=round(part * 100))


def _number(value: float) -> str:
    return cldr.written(f"{value:g}")
