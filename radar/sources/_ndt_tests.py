"""Raw results of single NDT tests: ndt7 (download or upload) and ndt5, as M-Lab archives them, one JSON value per line.

What is taken from a test, after M-Lab's own definitions (its unified views):

========== ==================================================================================================
download   the last server-side TCPInfo: 8 x BytesAcked / ElapsedTime (microseconds), in Mbit/s; ndt5 states
           ``S2C.MeanThroughputMbps``
upload     8 x BytesReceived / ElapsedTime; ndt5 states ``C2S.MeanThroughputMbps``
rtt        ``TCPInfo.MinRTT`` (microseconds) of a download, in ms
loss       BytesRetrans / BytesSent of a download
========== ==================================================================================================

The client's country comes from the annotation where there is one (``Client.Geo.CountryCode`` in the test, or in an
annotation record of the same UUID anywhere in the body), else from the registries' ranges. The client's address is
used for that and then forgotten: it is in no row and in no example.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.schema import Parsed
from radar.sources._bytes import begins, json_value
from radar.sources._geo import countries_of
from radar.sources._rejections import Rejections

_MEASURED = ("download", "upload", "rtt", "loss")
_ROWS = pl.Schema(
    {"timebin": pl.Datetime("us", "UTC"), "entity": pl.String(), **{name: pl.Float64() for name in _MEASURED}}
)


def parse_tests(data: bytes, *, source: str) -> Parsed:
    """Monthly medians per country of the tests in the body: signals ``ndt.*_p50``, ``n`` is the number of tests.

    Raises UpstreamChanged when no line of the body is a test or an annotation.
    """
    rejected = Rejections()
    rows, tests = [], 0
    for test in read_tests(data, rejected, source=source):
        tests += 1
        if test["cc"] is None:
            rejected.add(test["reason"] or "no client country", f"value {test['number']}")
        else:
            month = test["time"].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            rows.append({"timebin": month, "entity": f"country/{test['cc']}", **{k: test[k] for k in _MEASURED}})
    medians = (
        pl.DataFrame(rows, schema=_ROWS)
        .unpivot(list(_MEASURED), index=["timebin", "entity"], variable_name="signal", value_name="value")
        .drop_nulls("value")
        .group_by("timebin", "entity", pl.format("ndt.{}_p50", "signal").alias("signal"))
        .agg(value=pl.col("value").median(), n=pl.len().cast(pl.UInt32))
        .sort("timebin", "entity", "signal")
    )
    return Parsed(medians, rejected.done(), {"tests": tests})


def read_tests(data: bytes, rejected: Rejections, *, source: str) -> list[dict[str, Any]]:
    """The tests in the body: ``number`` (its place), ``time`` (UTC), ``address`` (the client's, as the test has it),
    ``cc`` (None where nothing says it) and ``reason`` (why not), ``download`` and ``upload`` (Mbit/s), ``rtt`` (ms),
    ``loss`` (0..1); None where the test does not say.

    Raises UpstreamChanged when no line of the body is a test or an annotation.
    """
    records = _records(data, source, rejected)
    tests, annotations, foreign = _sort_out(records, rejected)
    if foreign == len(records):
        raise UpstreamChanged(source, f"no NDT result in {len(records)} JSON values; begins with {begins(data)}")
    looked_up = countries_of([test["address"] for test in tests])
    found = []
    for test, (by_range, reason) in zip(tests, looked_up.iter_rows(), strict=True):
        annotated = annotations.pop(test["uuid"], None)
        cc = test["cc"] or annotated or by_range
        if cc is not None and cc not in countries():
            rejected.add("unknown country", f"value {test['number']}: {cc!r}")
        else:
            found.append({**test, "cc": cc, "reason": reason})
    rejected.add("annotation without its test", "", len(annotations))
    return found


def _records(data: bytes, source: str, rejected: Rejections) -> list[tuple[int, Any]]:
    """The JSON values of the body with their numbers: one value over many lines, or one value a line."""
    lines = [line for line in data.splitlines() if line.strip()]
    try:
        return [(1, orjson.loads(data))]
    except orjson.JSONDecodeError:
        if len(lines) < 2:
            json_value(data, source=source)  # raises, and says where
    records: list[tuple[int, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            records.append((number, orjson.loads(line)))
        except orjson.JSONDecodeError:
            rejected.add("line is no JSON", f"value {number}: {len(line)} bytes")
    return records


def _sort_out(records: list[tuple[int, Any]], rejected: Rejections) -> tuple[list[dict[str, Any]], dict[str, str], int]:
    """Tests; the countries of annotation records by UUID; the number of values that are neither."""
    foreign = 0
    tests: list[dict[str, Any]] = []
    annotations: dict[str, str] = {}
    seen: set[str] = set()
    for number, record in records:
        if not isinstance(record, dict):
            foreign += 1
            rejected.add("not an NDT result", f"value {number} is {type(record).__name__}")
            continue
        country = _dig(record, "Client", "Geo", "CountryCode") or _dig(record, "client", "Geo", "CountryCode")
        legs = [leg for leg in ("Download", "Upload", "S2C", "C2S") if isinstance(record.get(leg), dict)]
        if not legs:
            if isinstance(country, str) and isinstance(record.get("UUID"), str):
                annotations[record["UUID"]] = country
            else:
                foreign += 1
                rejected.add("not an NDT result", f"value {number} has {sorted(map(str, record))[:5]}")
            continue
        leg = record[legs[0]]
        uuid = str(leg.get("UUID") or record.get("UUID") or _dig(record, "Control", "UUID") or f"value {number}")
        time = _time(leg.get("StartTime") or record.get("StartTime"))
        measured = _measure(record)
        if uuid in seen:
            rejected.add("the same test twice", f"value {number}")
        elif time is None:
            rejected.add("time cannot be read", f"value {number}: StartTime {str(record.get('StartTime'))[:40]!r}")
        elif all(value is None for value in measured.values()):
            rejected.add("nothing measured", f"value {number}: {', '.join(legs)} without usable TCPInfo")
        else:
            seen.add(uuid)
            tests.append({"number": number, "uuid": uuid, "time": time, "address": record.get("ClientIP"),
                          "cc": country if isinstance(country, str) and country else None, **measured})  # fmt: skip
    return tests, annotations, foreign


def _measure(record: dict[str, Any]) -> dict[str, float | None]:
    """The four quantities of one test; None where it does not say, or says what cannot be."""
    down, up = _last_tcp_info(record.get("Download")), _last_tcp_info(record.get("Upload"))
    rtt_info = down or _dig(record, "S2C", "TCPInfo") or {}
    return {
        "download": _ratio(_dig(down, "BytesAcked"), _dig(down, "ElapsedTime"), 8)
        or _ratio(_dig(record, "S2C", "MeanThroughputMbps"), 1, 1),
        "upload": _ratio(_dig(up, "BytesReceived"), _dig(up, "ElapsedTime"), 8)
        or _ratio(_dig(record, "C2S", "MeanThroughputMbps"), 1, 1),
        "rtt": _ratio(_dig(rtt_info, "MinRTT"), 1000, 1),
        "loss": _loss(_dig(rtt_info, "BytesRetrans"), _dig(rtt_info, "BytesSent")),
    }


def _last_tcp_info(leg: Any) -> Any:
    """TCPInfo of the last server-side measurement that has one: it counts from the start of the test."""
    measurements = _dig(leg, "ServerMeasurements")
    for measurement in reversed(measurements if isinstance(measurements, list) else []):
        info = _dig(measurement, "TCPInfo")
        if isinstance(info, dict):
            return info
    return None


def _ratio(above: Any, below: Any, factor: float) -> float | None:
    """factor x above / below for sound numbers above zero, else None."""
    for number in (above, below):
        if not isinstance(number, (int, float)) or isinstance(number, bool) or not 0 < number < 1e15:
            return None
    return float(factor * above / below)


def _loss(lost: Any, sent: Any) -> float | None:
    """The share of bytes sent again, 0 to 1; None when not stated or impossible."""
    share = 0.0 if lost == 0 and _ratio(sent, 1, 1) else _ratio(lost, sent, 1)
    return share if share is not None and share <= 1 else None


def _time(text: Any) -> datetime | None:
    """An RFC 3339 time with zone; None for anything else."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if time.tzinfo is None or not 2009 <= time.year < 2100:  # NDT began in 2009
        return None
    return time.astimezone(UTC)


def _dig(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
