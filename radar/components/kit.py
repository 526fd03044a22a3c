"""What a reader needs to pass a chart on: links, files, a citation, words for those who cannot see it.

Under a chart stands only an offer (``offer``): the rest lies on the page of that chart alone, and is fetched from there
when it is opened; without scripts the offer is a link. Buttons that need scripts are hidden where there are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from radar import cldr, languages
from radar.components import times
from radar.components.ssr import marks, slot
from radar.figures.chart import Chart, describe
from radar.labels import _
from radar.shapes import SourceStatus

#: Letters of a fingerprint in an address: 128 bits of SHA-256.
SHORT = 32


@dataclass(frozen=True, slots=True)
class Work:
    """What is cited: a chart of some place, as it can be read at an address. All addresses are absolute.

    ``page``: the place's own page, always the newest; ``frozen``: these numbers; ``csv``, ``svg``: files of them.
    ``fingerprint``: SHA-256 of the CSV, hexadecimal. ``read``: RFC 3339, when. ``png``: a picture made by the server,
    where there is no drawing that a browser could make one of; ``svg`` is empty then. ``kind``: what it is.
    ``paired``: ``source`` names the licence of each (``credits``).
    """

    title: str
    page: str
    frozen: str
    csv: str
    svg: str
    fingerprint: str
    source: str
    licence: str
    simulated: bool
    read: str
    png: str = ""
    kind: str = ""
    paired: bool = False


def credits(rows: Sequence[SourceStatus]) -> str:
    """Several sources, each with its licence: "Our edge (CC BY 4.0); IODA (not stated)"."""
    pairs = dict.fromkeys((row["title"], row["licence"] or _("not stated")) for row in rows)
    return "; ".join(f"{title} ({licence})" for title, licence in pairs)


def figure(name: str, **named: str) -> str:
    """Address of the page of one drawing that is no chart of a series (``radar.pages.figure``)."""
    return "/figure?" + urlencode({"name": name, **named}, safe="/@:")


def offer(id: str, href: str) -> Component:
    """The line under a chart that opens its kit."""
    more = html.P(html.A(_("Links, files and citation of this chart"), href=href))
    return html.Details(
        [html.Summary(_("Share, download, cite")), slot(f"{id}-kit", more, class_name="kit")], **marks(data_href=href)
    )  # fmt: skip


def kit(id: str, work: Work, drawn: Chart | str) -> Component:
    """All of it, as the slot that an offer is filled from. ``drawn``: the chart, or what is seen in words."""
    return slot(f"{id}-kit", lambda: _inside(work, drawn), class_name="kit")


def standing(given: str, fingerprint: str, at: str = "") -> Component:
    """Whether the numbers are those of the link. Eight letters are the fewest that say anything. ``at``: when the link
    says that it was made; what is no time says nothing."""
    made = ""
    with suppress(ValueError):
        made = _("The link says that it was made at {time}.").format(time=times.words(times.rfc3339(times.parse(at))))
    if len(given) >= 8 and fingerprint.startswith(given):
        same = _("These are the very numbers that the link was made of.")
        return html.P(" ".join(part for part in (same, made) if part), className="lede")
    changed = _("The numbers have changed since the link was made: late measurements were added, bins were revised or "
                "are no longer kept so finely, or the link was altered. Shown is what we know now.")  # fmt: skip
    return html.P(" ".join(part for part in (changed, made) if part), className="lede changed")


def apa(work: Work) -> str:
    """The citation as the American Psychological Association would have it (7th edition)."""
    moment = times.parse(work.read)
    kind = work.kind or (_("Chart of simulated data") if work.simulated else _("Chart"))
    return (
        f"Internet Radar. ({moment:%Y}, {_day(moment)}). {work.title} [{kind}]. "
        + _data(work) + " " + _("Retrieved {time}, from {address}").format(
            time=f"{_whole_day(moment)}, {moment:%H:%M} UTC", address=work.frozen)
    )  # fmt: skip


def _data(work: Work) -> str:
    if work.paired:
        return _("Data: {source}.").format(source=work.source)
    return _("Data: {source}, {licence}.").format(source=work.source, licence=work.licence or _("not stated"))


def _day(moment: datetime) -> str:
    """Month and day as APA has them in English, "March 2"; in other languages as these write them."""
    return f"{moment:%B} {moment.day}" if languages.current() == "en" else cldr.day_month(moment)


def _whole_day(moment: datetime) -> str:
    """The same with the year."""
    return f"{_day(moment)}, {moment:%Y}" if languages.current() == "en" else cldr.day(moment)


def bibtex(work: Work) -> str:
    """The same for BibTeX; what means something to TeX is escaped."""
    moment = times.parse(work.read)
    simulated = _("Simulated data.") + " " if work.simulated else ""
    fields = {
        "author": "{Internet Radar}",
        "title": f"{{{_tex(work.title)}}}",
        "year": f"{moment:%Y}",
        "month": f"{moment:%m}",
        "url": work.frozen,
        "urldate": f"{moment:%Y-%m-%d}",
        "note": _tex(f"{simulated}{_data(work)} SHA-256 {work.fingerprint}"),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{radar-{work.fingerprint[:8]},\n{lines}\n}}"


def _spoken(address: str) -> str:
    """The address of a picture with the language that is spoken here: what it says is to be in that of the page."""
    if not address or languages.current() == "en" or "lang=" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}lang={languages.current()}"


def _inside(work: Work, drawn: Chart | str) -> Component:
    svg, png = _spoken(work.svg), _spoken(work.png)
    words = drawn if isinstance(drawn, str) else describe(drawn)
    rows: list[tuple[str, Any]] = [
        (_("Link, always the newest"), _text(work.page)),
        (_("Link to these numbers"), _text(work.frozen)),
        (_("Files"), html.Span([
            html.A("SVG", href=svg, download="") if svg else None,
            html.A("PNG", href=png, download="") if png else
            html.Button("PNG", className="needs-script", type="button", **marks(data_png=svg)),
            html.A("CSV", href=work.csv),
        ], className="files")),
        (_("Citation, APA"), _text(apa(work))),
        (_("Citation, BibTeX"), _text(bibtex(work), block=True)),
        (_("In words"), _text(f"{cldr.ended(work.title)} {words}")),
        (_("Fingerprint"), [
            _text(work.fingerprint),
            html.P(_("SHA-256 of the CSV. Whoever has the link can check that nothing was changed:"), className="note"),
            _text(f"curl -s '{work.csv}' | sha256sum", block=True),
        ]),
    ]  # fmt: skip
    return html.Dl([part for term, told in rows for part in (html.Dt(term), html.Dd(told))])


def _text(text: str, *, block: bool = False) -> Component:
    """Text that can be copied as it stands."""
    body = html.Pre(text) if block else html.Code(text)
    button = html.Button(_("Copy"), className="needs-script", type="button", **marks(data_copy=text))
    return html.Div([body, button], className="copy")


def _tex(text: str) -> str:
    return re.sub(r"([&%$#_{}~^\\])", lambda m: {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
                                                 "\\": r"\textbackslash{}"}.get(m[1], f"\\{m[1]}"), text)  # fmt: skip
