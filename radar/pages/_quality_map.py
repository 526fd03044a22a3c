"""Countries by one measure as a map: what ``/quality`` shows of it and cites, and its file ``/quality.svg``."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import urlencode

import flask

from radar import languages
from radar.api import envelope
from radar.api import quality as ranks
from radar.components import kit, numbers, outages, times
from radar.components import quality as parts
from radar.errors import StoreUnavailable
from radar.figures import map_file, worldmap
from radar.figures import quality as drawings
from radar.labels import _
from radar.pages import _read
from radar.shapes import SourceStatus
from radar.shapes.quality import PerformanceNow

#: Shades of the map, best first.
_SHADES = tuple(f"q{i}" for i in reversed(range(drawings.SHADES)))


@dataclass(frozen=True, slots=True)
class Shown:
    """Countries by one measure (``by``, a name in ``radar.api.quality.BY``), as of now or of a recorded ``month``.

    ``csv``: address of exactly these numbers. ``read``: RFC 3339, the clock when they were read;
    ``hour``: start of the hour that they are of.
    """

    by: str
    how: ranks.By
    month: str | None
    months: list[str]
    rows: list[ranks.Ranked]
    source: SourceStatus | None
    unit: str
    sentence: str
    simulated: bool
    csv: str
    read: str
    hour: str | None


def read(by: str, month: str) -> Shown:
    """The ranking that an address names; what it does not name, or wrongly, is chosen. Raises StoreUnavailable."""
    snapshot = _read.snapshot()
    now = _read.performance_now()
    known = ranks.months(snapshot.quality)
    chosen = by if by in ranks.BY else "rtt" if now is not None or not known else "iqb"
    how = ranks.BY[chosen]
    when = None if how.live else month if month in known else known[0] if known else None
    rows = ranks.ranking(chosen, when, now, snapshot.quality)
    return Shown(
        by=chosen,
        how=how,
        month=when,
        months=known,
        rows=rows,
        source=snapshot.source((now["source"] if now else "edge_logs") if how.live else "mlab_ndt"),
        unit={"score": _("points of 100"), "ratio": "%"}.get(how.unit, how.unit),
        sentence=_sentence(how, rows, when, now, snapshot.now),
        simulated=bool(how.live and now is not None and now["simulated"]),
        csv="/api/v1/quality?" + urlencode({**_named(chosen, when), "format": "csv"}),
        read=snapshot.now,
        hour=now["hour"] if how.live and now is not None else None,
    )


def _named(by: str, month: str | None) -> dict[str, str]:
    return {"by": by, **({"month": month} if month else {})}


def value(how: ranks.By, number: float | None) -> str:
    """A value in its unit."""
    if number is None:
        return _("no data")
    if how.unit == "score":
        return _("{n} of 100").format(n=parts.score(number))
    return f"{numbers.rough(number * 100)} %" if how.unit == "ratio" else f"{numbers.rough(number)} {how.unit}"


def _sentence(
    how: ranks.By, rows: list[ranks.Ranked], month: str | None, now: PerformanceNow | None, clock: str
) -> str:
    ranked = [row for row in rows if row.rank is not None and row.value is not None]
    if not ranked:
        return _("We have too little data to rank countries by this.")
    middle = sorted(row.value or 0.0 for row in ranked)[len(ranked) // 2]
    best = outages.name_of(ranked[0].entity)
    text = _("{title}: {middle} in the middle country of {n}; {best} is best with {value}").format(
        title=_(how.title), middle=value(how, middle), n=len(ranked), best=best, value=value(how, ranked[0].value)
    )
    if len(rows) > len(ranked):
        text += "; " + _("of {n} more we have too little to say").format(n=len(rows) - len(ranked))
    if how.live and now is not None:
        text += ". " + _("Hour from {when}").format(when=times.words(now["hour"], clock))
        if parts.stale(now["hour"], clock):
            text += "; " + _("no newer one has come")
    elif month:
        text += ". " + _("Recorded in {month}").format(month=times.month_words(month))
    return text + "."


def _known(shown: Shown) -> list[float]:
    return [row.value for row in shown.rows if row.rank is not None and row.value is not None]


def _kinds(shown: Shown) -> dict[str, str]:
    """The shade of each country by its code."""
    between = drawings.cuts(_known(shown))
    return {
        row.entity.partition("/")[2]: "insufficient" if row.rank is None or row.value is None else
        drawings.shade(row.value, between, lower_is_better=shown.how.lower_is_better)
        for row in shown.rows
    }  # fmt: skip


def _title(shown: Shown) -> str:
    return _("Map of the world: {title}").format(title=_(shown.how.title))


def drawing(shown: Shown) -> str:
    """The map as SVG."""
    words, total = {}, len(_known(shown))
    for row in shown.rows:
        code, name = row.entity.partition("/")[2], outages.name_of(row.entity)
        if row.rank is None or row.value is None:
            words[code] = f"{name}: {_('too little data')}"
        else:
            words[code] = f"{name}: {value(shown.how, row.value)} " + _("(place {rank} of {n})").format(
                rank=row.rank, n=total)  # fmt: skip
    return drawings.world(_kinds(shown), words, _title(shown))


def legend(shown: Shown) -> list[tuple[str, str, int]]:
    """(shade, words, countries) of what is on the map, best first, and what cannot be ranked."""
    kinds, ends, items = _kinds(shown), {"q0": _("worst"), "q4": _("best")}, []
    for kind in _SHADES:
        said = [r.value for r in shown.rows if kinds[r.entity.partition("/")[2]] == kind and r.value is not None]
        if said:
            least = parts.score(min(said)) if shown.how.unit == "score" else value(shown.how, min(said))
            span = f"{least} – {value(shown.how, max(said))}"
            items.append((kind, f"{ends.get(kind, '')} {span}".strip(), len(said)))
    few = sum(kind == "insufficient" for kind in kinds.values())
    return [*items, ("insufficient", _("Too little to rank"), few)]


def work(shown: Shown) -> kit.Work:
    """What is cited."""
    with languages.speaking("en"):  # the bytes that the API gives
        fingerprint = hashlib.sha256(ranks.csv_of(shown.how, shown.rows)).hexdigest()
    named = urlencode(_named(shown.by, shown.month))
    when = times.month_words(shown.month) if shown.month else times.words(shown.hour or shown.read)
    return kit.Work(
        title=f"{_title(shown)}, {when}",
        page=envelope.address(f"/quality?{named}"),
        frozen=envelope.address(f"/quality?{named}&sha256={fingerprint[: kit.SHORT]}"),
        csv=envelope.address(shown.csv),
        svg=envelope.address(f"/quality.svg?{named}"),
        fingerprint=fingerprint,
        source=shown.source["title"] if shown.source else _("not stated"),
        licence=shown.source["licence"] if shown.source else _("not stated"),
        simulated=shown.simulated,
        read=shown.read,
        kind=_("Map of simulated data") if shown.simulated else _("Map"),
    )


def file() -> flask.Response:
    """``/quality.svg``: the map as a file that can be printed as it is."""
    try:
        shown = read(flask.request.args.get("by", ""), flask.request.args.get("month", ""))
    except StoreUnavailable:
        answer = flask.Response(_("We cannot read the measurements just now.") + "\n", 503, mimetype="text/plain")
        answer.headers.update({"Retry-After": "30", "Cache-Control": "no-store"})
        return answer
    if not shown.rows:
        return flask.Response(_("There is nothing to draw.") + "\n", 404, mimetype="text/plain")
    made = work(shown)
    credit = " · ".join([
        _("Source: {source}").format(source=made.source), _("licence: {licence}").format(licence=made.licence),
        f"{_('Unit: ')}{shown.unit}", *([_("simulated")] if made.simulated else []), _("Shapes: Natural Earth"),
        made.frozen,
    ])  # fmt: skip
    signs = [(worldmap.symbol(kind) if kind == "insufficient" else
              f'<rect class="swatch s-{kind}" width="12" height="12"/>', f"{words} ({count})")
             for kind, words, count in legend(shown)]  # fmt: skip
    body = map_file.shaded(drawing(shown), signs, title=made.title, sentence=shown.sentence, credit=credit,
                          base=envelope.address(""))  # fmt: skip
    answer = flask.Response(body, mimetype="image/svg+xml")
    answer.headers["Content-Disposition"] = f'inline; filename="radar-quality-{shown.by}.svg"'
    answer.headers["Cache-Control"] = f"public, max-age={envelope.FRESH_S}"
    return answer
