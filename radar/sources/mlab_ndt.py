"""M-Lab NDT: how fast, how far and how lossy a country's connections are, month by month.

Upstream: Measurement Lab. Two forms are read:

- country percentiles in Parquet, published by M-Lab's Internet Quality Barometer (github.com/m-lab/iqb):
  ``downloads_by_country`` holds ``download_p*`` (Mbit/s), ``latency_p*`` (ms) and ``loss_p*`` (ratio),
  ``uploads_by_country`` holds ``upload_p*``; the month is only in the file name or address. The percentiles run from
  worst to best: ``latency_p1`` is the slowest per cent, ``latency_p99`` the fastest. So do ours.
- raw results of single tests as JSON, one or one a line; see :mod:`radar.sources._ndt_tests`. They give ``_p50`` only,
  per country and calendar month of the tests in that body: to get a month's median, give the month's tests in one body.

``n`` is the number of tests behind a row: upstream's ``sample_count``, or the tests counted here.

Licence: M-Lab's data are CC0; the files in m-lab/iqb are Apache-2.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS, Parsed
from radar.signals import MONTH_S, NDT_PERCENTILES
from radar.sources import Answer, Source
from radar.sources._bytes import PARQUET, begins, json_value, parquet, unpack
from radar.sources._names import file_name, month_in
from radar.sources._ndt_tests import parse_tests
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.http import Http

NAME = "mlab_ndt"
MANIFEST = "https://raw.githubusercontent.com/m-lab/iqb/main/data/state/ghremote/manifest.json"

#: Upstream's column stem -> ours, and the largest value that can be.
COLUMNS = {"download": ("download", 1e6), "upload": ("upload", 1e6), "latency": ("rtt", 1e6), "loss": ("loss", 1.0)}

_WANTED = ("downloads_by_country/data.parquet", "uploads_by_country/data.parquet")


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Ask for the percentile files of all months that begin in ``[since, until)``; upstream's manifest says where.

    Raises UpstreamChanged when the manifest is not in the agreed form.
    """
    manifest = json_value(http.get(MANIFEST, source=NAME).body, source=NAME)
    files = manifest.get("files") if isinstance(manifest, dict) else None
    if not isinstance(files, dict):
        raise UpstreamChanged(NAME, "the manifest has no 'files'; expected paths with their addresses")
    for path in sorted(files):
        month = month_in(path)
        if month is None or not since <= month < until or not path.endswith(_WANTED):
            continue
        address = files[path].get("url") if isinstance(files[path], dict) else None
        if not isinstance(address, str) or not address.startswith("https://"):
            raise UpstreamChanged(NAME, f"the manifest gives no https address for {path!r}")
        yield Answer(path, http.get(address, source=NAME).body)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read a percentile file (the month is in ``name``) or raw test results. Raises UpstreamChanged for other bytes."""
    data, cut = unpack(body, source=NAME)
    if cut:
        raise UpstreamChanged(NAME, f"the compressed file ends early, after {len(data)} unpacked bytes")
    if data.startswith(PARQUET):
        return _parse_percentiles(data, name)
    if data.lstrip().startswith(b"{"):
        return parse_tests(data, source=NAME)
    raise UpstreamChanged(NAME, f"byte 0: begins with {begins(data)}; expected Parquet or JSON test results")


def _parse_percentiles(data: bytes, name: str) -> Parsed:
    month = month_in(name)
    if month is None:
        raise UpstreamChanged(
            NAME, f"the name {file_name(name)!r} names no month; expected e.g. 'downloads_by_country_2024_10.parquet'"
        )
    table = parquet(data, source=NAME)
    stems = [stem for stem in COLUMNS if f"{stem}_p50" in table.columns]
    wanted = {f"{stem}_p{p}" for stem in stems for p in NDT_PERCENTILES}
    missing = sorted({"country_code", "sample_count", *wanted} - set(table.columns))
    if missing or not stems:
        raise UpstreamChanged(NAME, f"columns are {table.columns[:8]}...; missing {missing[:4] or 'download_p50'}")
    for column in ("sample_count", *wanted):
        if not table.schema[column].is_numeric():
            raise UpstreamChanged(NAME, f"column {column} is {table.schema[column]}; expected numbers")
    rejected = Rejections()
    table = _sound_countries(table.with_row_index("row", 1).cast({"country_code": pl.String}, strict=False), rejected)
    rows = [_column(table, stem, p, month, rejected) for stem in stems for p in NDT_PERCENTILES]
    return Parsed(
        pl.concat(rows).select(list(SIGNALS)).sort("timebin", "entity", "signal"),
        rejected.done(),
        {"countries": table.height, "tests": int(table["sample_count"].sum() or 0)},
    )


def _sound_countries(table: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """Rows whose country is known and whose number of tests can be, each country once."""
    checks = {
        "unknown country": ~pl.col("country_code").is_in(list(countries())).fill_null(False),
        "number of tests is not 1 or more": ~pl.col("sample_count").is_between(1, 2**32 - 1).fill_null(False),
        "the same country twice": ~pl.col("country_code").is_first_distinct(),
    }
    for reason, wrong in checks.items():
        bad = table.filter(wrong)
        if bad.height:
            row, cc, n = bad.select("row", "country_code", "sample_count").row(0)
            rejected.add(reason, f"row {row}: country {cc!r}, {n} tests", bad.height)
            table = table.filter(~wrong)
    return table


def _column(table: pl.DataFrame, stem: str, p: int, month: datetime, rejected: Rejections) -> pl.DataFrame:
    """One percentile of one quantity as rows. A null is no data; what cannot be is rejected."""
    column = f"{stem}_p{p}"
    ours, largest = COLUMNS[stem]
    rows = table.select(
        timebin=pl.lit(month).cast(pl.Datetime("us", "UTC")),
        entity=pl.format("country/{}", "country_code"),
        signal=pl.lit(f"ndt.{ours}_p{p}"),
        value=pl.col(column).cast(pl.Float64),
        n=pl.col("sample_count").cast(pl.UInt32),
    ).drop_nulls("value")
    wrong = ~pl.col("value").is_between(0, largest) | pl.col("value").is_nan()
    bad = rows.filter(wrong)
    if bad.height:
        entity, value = bad.select("entity", "value").row(0)
        rejected.add(
            "value is not in its range", f"{column} of {entity} is {value}, expected 0 to {largest:g}", bad.height
        )
    return rows.filter(~wrong)


SOURCE = Source(
    name=NAME,
    title="M-Lab NDT speed tests",
    org="Measurement Lab",
    url=MANIFEST,
    info_url="https://www.measurementlab.net/tests/ndt/",
    licence="CC0-1.0 (data), Apache-2.0 (files of m-lab/iqb)",
    licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
    attribution="Measurement Lab, NDT; percentiles by the Internet Quality Barometer (m-lab/iqb)",
    cadence_s=86_400,
    lag_s=30 * 86_400,
    signals={f"ndt.{ours}_p{p}": MONTH_S for ours, _ in COLUMNS.values() for p in NDT_PERCENTILES},
    summary="Download, upload, smallest round-trip time and loss: nine percentiles of millions of tests a month.",
    past_hours=744,
)
