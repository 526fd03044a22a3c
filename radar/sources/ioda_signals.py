"""IODA of Georgia Tech: routes, answers to pings and background noise, per country and network.

Upstream: https://api.ioda.inetintel.cc.gatech.edu/v2, no key. Two forms are read:

- the API's answer to ``/signals/raw/{type}/{code}``: ``data`` is a list of lists of series, each with ``from``,
  ``until``, ``step``, ``nativeStep`` (epoch seconds, seconds) and ``values``; null is no data. The form was taken from
  upstream's own source (InetIntel/ioda-api: TimeSeriesNormalizer, SignalsService) and its documentation, not from a
  recorded answer.
- the dashboard's CSV export, "normalized" view: each column is scaled to 0..100 of its own maximum in the window, so
  its signals end in ``_norm`` and are never mixed with the raw ones. Its step is 30 minutes; Mozilla's column is
  hourly, so every other cell of it is blank, which means no data and is no fault.

A series that upstream has thinned out (``step`` above ``nativeStep``) is rejected: a coarser grain is never taken for a
finer one. Networks within a country are "ASN-CC" upstream (``47262-IR``) and ``geoasn/IR-47262`` here. Regions have
numbers upstream that no public table maps to ISO 3166-2, so only a region that comes with an ISO code is taken.

Licence: IODA's data are Copyright Georgia Tech Research Corporation, published for use with attribution; no open
licence is stated, so none of it is shipped with this project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from radar.entities import countries, is_entity
from radar.errors import UpstreamChanged
from radar.schema import Parsed
from radar.sources import WHOLE, Answer, Shard, Source
from radar.sources._ask import ask_each
from radar.sources._bytes import begins, json_value, unpack
from radar.sources._ioda_export import COLUMNS, TIME, parse_export
from radar.sources._rejections import Rejections, once

if TYPE_CHECKING:
    from radar.http import Http

NAME = "ioda_signals"
API = "https://api.ioda.inetintel.cc.gatech.edu/v2"

#: datasource -> (signal, native step in seconds), after upstream's DatasourceService.
DATASOURCES = {
    "bgp": ("bgp.visible_24s", 300),
    "ping-slash24": ("ping.up_24s", 600),
    "merit-nt": ("telescope.sources", 300),
    "gtr": ("google.search", 1800),
}

#: Served too, and not used here: other scalings of the above, and series whose values are nested objects.
PASSED_OVER = frozenset({
    "gtr-norm", "gtr-sarima", "mozilla", "ping-slash24-loss", "ping-slash24-latency", "ucsd-nt",
    "upstream-delay-penult-asns", "upstream-delay-penult-e2e-latency",
})  # fmt: skip

#: Asked for at most this much at once; upstream's own cap is 100 days.
WINDOW = timedelta(days=14)

#: Countries in one request for a day or less: 250 requests every ten minutes would not be polite.
TOGETHER = 25

_TAKEN = pl.Schema(
    {
        "entity": pl.String(),
        "signal": pl.String(),
        "start": pl.Int64(),
        "step": pl.Int64(),
        "value": pl.List(pl.Float64()),
    }
)
_NETWORK_IN_COUNTRY = re.compile(r"([0-9]+)-([A-Z]{2})")
_YEARS = (datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp())


def fetch(http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
    """Ask for all series of all countries in ``[since, until)``.

    One request for up to ``TOGETHER`` countries and a day (upstream takes codes with commas between them), or for one
    country and two weeks. No ``maxPoints``: upstream then answers at native grain. Raises what
    :func:`radar.sources._ask.ask_each` raises.
    """
    together = TOGETHER if until - since <= timedelta(days=1) else 1
    codes = shard.take(countries())
    batches = [",".join(codes[at : at + together]) for at in range(0, len(codes), together)]

    def ask(batch: str) -> Iterator[Answer]:
        at = since
        while at < until:
            end = min(at + WINDOW, until)
            url = f"{API}/signals/raw/country/{batch}?from={int(at.timestamp())}&until={int(end.timestamp())}"
            yield Answer(url, http.get(url, source=NAME).body)
            at = end

    yield from ask_each(NAME, batches, ask)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read an API answer (one entity or many) or a CSV export (the country is in ``name``).

    Raises UpstreamChanged for any other bytes, and for an answer that says ``error``.
    """
    data, cut = unpack(body, source=NAME)
    if cut:
        raise UpstreamChanged(NAME, f"the compressed file ends early, after {len(data)} unpacked bytes")
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if data.startswith(b"{"):
        return _parse_api(json_value(data, source=NAME))
    if data[:64].replace(b'"', b"").lower().startswith(b"time"):
        return parse_export(data, name, source=NAME)
    raise UpstreamChanged(
        NAME, f"byte 0: begins with {begins(data)}; expected JSON of the API or a CSV headed {TIME!r}"
    )


def _parse_api(answer: Any) -> Parsed:
    if answer.get("error"):
        raise UpstreamChanged(NAME, f"upstream answers with an error: {str(answer['error'])[:300]}")
    groups = answer.get("data")
    if not isinstance(groups, list):
        raise UpstreamChanged(NAME, f"'data' is {type(groups).__name__}; expected a list of lists of series")
    rejected = Rejections()
    notes = {"series": 0, "series_passed_over": 0}
    taken: list[tuple[str, str, int, int, list[float | None]]] = []
    for number, series in enumerate(one for group in groups for one in (group if isinstance(group, list) else [group])):
        place = f"series {number}"
        if not isinstance(series, dict):
            rejected.add("not a series", f"{place}: {str(series)[:40]!r}")
        elif str(series.get("datasource")) in PASSED_OVER or series.get("subtype") not in (None, "", "WEB_SEARCH"):
            notes["series_passed_over"] += 1
        else:
            notes["series"] += 1
            sound = _series(series, place, rejected)
            if sound is not None:
                taken.append(sound)
    rows = (
        pl.DataFrame(taken, schema=_TAKEN, orient="row")
        .with_columns(index=pl.int_ranges(pl.col("value").list.len()))
        .explode("value", "index", empty_as_null=False)
        .select(
            timebin=pl.from_epoch(pl.col("start") + pl.col("index") * pl.col("step")).cast(pl.Datetime("us", "UTC")),
            entity="entity",
            signal="signal",
            value="value",
            n=pl.lit(None, dtype=pl.UInt32),
        )
    )
    notes["blank"] = rows["value"].null_count()
    return Parsed(once(rows.drop_nulls("value"), rejected), rejected.done(), notes)


def _series(
    series: dict[str, Any], place: str, rejected: Rejections
) -> tuple[str, str, int, int, list[float | None]] | None:
    """One series as (entity, signal, start in epoch s, step in s, values); None, and counted, when it is not sound."""
    values = series.get("values")
    if not isinstance(values, list):
        rejected.add("values are no list", f"{place}: {str(values)[:40]!r}")
        return None
    entity = _entity(series.get("entityType"), series.get("entityCode"))
    datasource = series.get("datasource")
    fault = _fault(series, entity, len(values))
    if fault or entity is None:
        reason, detail = fault or ("unknown entity", "")
        given = sum(value is not None for value in values)
        rejected.add(reason, f"{place}, {entity} {datasource}: {detail}", max(given, 1))
        return None
    signal, step = DATASOURCES[str(datasource)]
    checked = [_value(value) for value in values]
    for index, (value, kept) in enumerate(zip(values, checked, strict=True)):
        if value is not None and kept is None:
            rejected.add("value is not a number of zero or more", f"{entity} {datasource}: value {index} is {value!r}")
    return entity, signal, int(series["from"]), step, checked


def _fault(series: dict[str, Any], entity: str | None, count: int) -> tuple[str, str] | None:
    """What breaks the agreed form of a series, as (reason, detail); None when it is sound."""
    datasource = series.get("datasource")
    if not isinstance(datasource, str) or datasource not in DATASOURCES:
        return "unknown datasource", f"expected one of {', '.join(DATASOURCES)}"
    if entity is None:
        return "unknown entity", f"{series.get('entityType')}/{series.get('entityCode')}"
    native = DATASOURCES[datasource][1]
    step, told = series.get("step"), series.get("nativeStep")
    if step != told or step != native:
        return "step is not the native step", f"step {step} s, native {told} s, expected {native} s"
    start, end = series.get("from"), series.get("until")
    if not isinstance(start, int) or not _YEARS[0] <= start < _YEARS[1] or start % native:
        return "start is not on the step", f"from {start!r}, step {native} s"
    if isinstance(end, int) and end - start != native * count:
        return "values do not fill the range", f"{count} values of {native} s for {end - start} s"
    return None


def _entity(kind: Any, code: Any) -> str | None:
    """Our key for upstream's type and code, or None."""
    code = str(code)
    if kind == "geoasn":
        match = _NETWORK_IN_COUNTRY.fullmatch(code)
        code = f"{match[2]}-{match[1]}" if match else code
    key = f"{kind}/{code}"
    return key if kind in ("country", "region", "asn", "geoasn") and is_entity(key) else None


def _value(value: Any) -> float | None:
    """The value, or None for no data and for what is no count."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 1e15 else None  # false for NaN too


SOURCE = Source(
    name=NAME,
    title="IODA outage signals",
    org="IODA, Georgia Institute of Technology",
    url=API,
    info_url="https://ioda.inetintel.cc.gatech.edu/",
    licence="Copyright Georgia Tech Research Corporation; use with attribution, no open licence stated",
    licence_url="https://github.com/InetIntel/ioda-api/blob/main/LICENSE",
    attribution="Internet Outage Detection and Analysis (IODA), Georgia Institute of Technology",
    cadence_s=600,
    shards=4,
    lag_s=1800,
    signals={**dict(DATASOURCES.values()), **dict(COLUMNS.values())},
    summary="Routed /24 blocks, /24 blocks that answer pings, telescope noise and Google Search traffic.",
    proof="documented",
    terms="Copyright Georgia Tech Research Corporation, for use with attribution. No open licence is stated: for other "
    "than academic use, ask upstream first.",
    past_hours=744,
)
