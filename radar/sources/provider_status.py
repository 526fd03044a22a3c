"""Provider status: what clouds, content networks and services say of themselves on their public status pages.

Upstream: the pages of ``radar/data/providers.toml``: Atlassian Statuspage (``/api/v2/summary.json``, and
``incidents.json`` at the hour and while something is open), AWS Health (current events, often UTF-16), Google Cloud
(``incidents.json``), Azure (RSS). Licence: none stated; the words are each provider's own and are quoted as theirs.

One answer holds one round over all pages: a line of JSON each, with ``provider``, ``form``, ``url``, ``asked_at`` and
either ``body`` (the text as it came) or ``error``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from radar.entities import is_entity
from radar.errors import SourceError, UpstreamChanged, UpstreamUnavailable
from radar.providers import registry
from radar.schema import SIGNALS, Parsed
from radar.sources import Answer, Source
from radar.sources._rejections import Rejections, once, without_addresses
from radar.sources._status_forms import FORMS, decoded
from radar.sources._status_text import moment
from radar.times import parse as parse_time
from radar.times import rfc3339

if TYPE_CHECKING:
    from radar.http import Http

NAME = "provider_status"
BIN_S = 300

LEVELS = {"none": 0.0, "minor": 1.0, "major": 2.0, "critical": 3.0}

#: Lines and bytes of one answer that are read.
_MOST_LINES, _MOST_BYTES = 500, 64_000_000


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Ask every status page once; one that fails is told as failing and never stops the others."""
    asked = rfc3339(until)
    lines: list[bytes] = []
    failed = 0
    pages = [provider for provider in registry().values() if provider.status.form != "none"]
    for provider in pages:
        form, url = provider.status.form, provider.status.url
        told = {"provider": provider.slug, "form": form, "asked_at": asked}
        try:
            if form == "statuspage":
                summary = _ask(http, f"{url}/api/v2/summary.json")
                lines.append(_line(told, f"{url}/api/v2/summary.json", body=summary))
                is_open = any(not row["over"] for row in FORMS[form](summary))
                if is_open or until.minute < BIN_S // 60:
                    whole = f"{url}/api/v2/incidents.json"
                    lines.append(_line(told, whole, body=_ask(http, whole)))
            else:
                lines.append(_line(told, url, body=_ask(http, url)))
        except (SourceError, ValueError) as error:
            failed += 1
            lines.append(_line(told, url, error=str(error)[:300]))
    if lines:
        yield Answer(f"status-{asked.replace(':', '')}.ndjson", b"\n".join(lines) + b"\n")
    if pages and failed == len(pages):
        raise UpstreamUnavailable(NAME, f"none of {failed} status pages could be read")


def parse(body: bytes, *, name: str = "") -> Parsed:
    """A row of ``status.impact`` and ``status.incidents`` for each page that was read in its bin. Pure and total.

    An incident that says no impact leaves the level null. A page that could not be read gives no rows.
    """
    rejected = Rejections()
    rows: list[tuple[int, str, str, float | None]] = []
    for (provider, bin_), incidents in sorted(_rounds(body, name, rejected).items()):
        current = [row for row in incidents.values() if not row["over"] and row["impact"] != "maintenance"]
        levels = [LEVELS.get(row["impact"]) for row in current]
        level = None if None in levels else max((found for found in levels if found is not None), default=0.0)
        rows.append((bin_, f"provider/{provider}", "status.impact", level))
        rows.append((bin_, f"provider/{provider}", "status.incidents", float(len(current))))
    frame = pl.DataFrame(
        rows, schema={"t": pl.Int64, "entity": pl.String, "signal": pl.String, "value": pl.Float64}, orient="row"
    )
    signals = frame.select(
        pl.from_epoch("t", time_unit="s").cast(pl.Datetime("us", "UTC")).alias("timebin"),
        "entity",
        "signal",
        "value",
        pl.lit(None, dtype=pl.UInt32).alias("n"),
    ).select(list(SIGNALS))
    return Parsed(once(signals, rejected), rejected.done())


def details(body: bytes, *, name: str = "") -> list[dict[str, Any]]:
    """Rows for the book: ``kind`` "page" (provider, asked_at, error or None) and ``kind`` "incident" (provider,
    asked_at, and the fields of ``radar/sources/_status_forms.py``)."""
    found: list[dict[str, Any]] = []
    for line in _lines(body, name, Rejections()):
        told = {"provider": line["provider"], "asked_at": line["asked_at"]}
        try:
            incidents = _incidents(line, Rejections()) if line["error"] is None else []
        except ValueError as error:
            line["error"], incidents = without_addresses(f"its page {error}")[:300], []
        found.append({"kind": "page", **told, "error": line["error"]})
        found += [{"kind": "incident", **told, **row} for row in incidents]
    return found


def _ask(http: Http, url: str) -> str:
    return decoded(http.get(url, source=NAME).body)


def _line(told: dict[str, Any], url: str, **more: str) -> bytes:
    return orjson.dumps({**told, "url": url, **more})


def _rounds(body: bytes, name: str, rejected: Rejections) -> dict[tuple[str, int], dict[str, dict[str, Any]]]:
    """Incidents by id for each (provider, bin) that a page was read in."""
    found: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for line in _lines(body, name, rejected):
        if line["error"] is not None:
            rejected.add("a status page could not be read", f"{line['provider']}: {line['error']}")
            continue
        try:
            incidents = _incidents(line, rejected)
        except ValueError as error:
            rejected.add("a status page in another form", f"{line['provider']}: {error}")
            continue
        bin_ = int(parse_time(line["asked_at"]).timestamp()) // BIN_S * BIN_S
        found.setdefault((line["provider"], bin_), {}).update({row["id"]: row for row in incidents})
    return found


def _incidents(line: dict[str, Any], rejected: Rejections) -> list[dict[str, Any]]:
    """The page's incidents, each once. One that begins after the page was asked is planned, not open."""
    rows: dict[str, dict[str, Any]] = {}
    for row in FORMS[line["form"]](line["body"]):
        if not row["id"] or not row["title"] or (row["started_at"] is None and row["created_at"] is None):
            rejected.add("an incident without id, title or time", f"{line['provider']}: {str(row['title'])[:60]!r}")
        elif (row["created_at"] or "") > line["asked_at"]:
            rejected.add("an incident written in the future", f"{line['provider']}: {row['created_at']}")
        else:
            rows[row["id"]] = row
    return list(rows.values())


def _lines(body: bytes, name: str, rejected: Rejections) -> list[dict[str, Any]]:
    where = name or "answer"
    if len(body) > _MOST_BYTES:
        raise UpstreamChanged(NAME, f"{where} has {len(body)} bytes; expected at most {_MOST_BYTES}")
    found: list[dict[str, Any]] = []
    for number, raw in enumerate(body.split(b"\n")[:_MOST_LINES], 1):
        if not raw.strip():
            continue
        try:
            line = orjson.loads(raw)
        except orjson.JSONDecodeError:
            line = None
        asked = moment(line.get("asked_at")) if isinstance(line, dict) else None
        if (
            asked is None
            or not isinstance(line.get("provider"), str)
            or not is_entity(f"provider/{line['provider']}")
            or line.get("form") not in tuple(FORMS)
            or not (isinstance(line.get("body"), str) or isinstance(line.get("error"), str))
        ):
            rejected.add("no line of a round over status pages", f"line {number}")
            continue
        error = line.get("error")
        told = without_addresses(error)[:300] if isinstance(error, str) else None
        found.append({**line, "asked_at": asked, "error": told})
    if not found:
        raise UpstreamChanged(NAME, f"{where} holds no status page; expected lines of provider, form, asked_at, body")
    return found


SOURCE = Source(
    name=NAME,
    title="Status pages of providers",
    org="The providers themselves",
    url="https://www.githubstatus.com/api/v2/summary.json",
    info_url="https://www.githubstatus.com/api",
    licence="No licence stated; each provider's own words, quoted as theirs",
    licence_url="https://www.githubstatus.com/api",
    attribution="The provider named beside each statement",
    cadence_s=BIN_S,
    lag_s=BIN_S,
    signals={"status.impact": BIN_S, "status.incidents": BIN_S},
    summary="What clouds, content networks and large services say of themselves; never counted as a measurement.",
    proof="documented",
)
