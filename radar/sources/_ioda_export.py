"""The CSV that IODA's dashboard exports, "normalized" view: see :mod:`radar.sources.ioda_signals`.

One column of time (``2026-01-08 16:30:00``, UTC by its heading) and one column per source, each scaled to 0..100 of its
own maximum in the window. The step is 30 minutes; Mozilla's column is hourly, so every other cell of it is blank. The
country is only in the file name.
"""

from __future__ import annotations

import io

import polars as pl

from radar.errors import UpstreamChanged
from radar.schema import Parsed
from radar.sources._bytes import BROKEN
from radar.sources._names import country_in, file_name
from radar.sources._rejections import Rejections, once

#: Column of the CSV export -> (signal, grain in seconds).
COLUMNS = {
    "Google (Search)": ("google.search_norm", 1800),
    "Telescope (# Unique Source IPs)": ("telescope.sources_norm", 1800),
    "BGP (#Visible /24s)": ("bgp.visible_24s_norm", 1800),
    "Active Probing (#/24s Up)": ("ping.up_24s_norm", 1800),
    "Mozilla (City Count)": ("mozilla.cities_norm", 3600),
}
TIME = "Time (UTC)"
STEP_S = 1800

_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000, 2100


def parse_export(data: bytes, name: str, *, source: str) -> Parsed:
    """Read an unpacked export; the country is in ``name``. Raises UpstreamChanged when it is no such CSV."""
    country = country_in(name)
    if country is None:
        raise UpstreamChanged(
            source, f"the file name {file_name(name)!r} names no country; expected e.g. 'ioda-iran-...-normalized.csv'"
        )
    try:
        table = pl.read_csv(io.BytesIO(data), infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy")
    except BROKEN as error:
        raise UpstreamChanged(source, f"the CSV cannot be read: {str(error).splitlines()[0][:160]}") from error
    if table.columns[0] != TIME:
        raise UpstreamChanged(source, f"line 1 column 1 is {table.columns[0]!r}; expected {TIME!r}")
    known = [column for column in table.columns if column in COLUMNS]
    if not known:
        raise UpstreamChanged(source, f"line 1: columns are {table.columns[1:]}; expected some of {list(COLUMNS)}")
    time = pl.col(TIME).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False).dt.replace_time_zone("UTC")
    table = table.with_row_index("line", 2).with_columns(time=time)
    step = table["time"].unique().drop_nulls().sort().dt.epoch("s").diff().min()
    if isinstance(step, int) and step > STEP_S:
        raise UpstreamChanged(source, f"the step is {step} s, expected {STEP_S} s; export a shorter window")
    rejected = Rejections()
    for column in table.columns[2:-1]:
        if column not in COLUMNS:
            given = table.filter(pl.col(column).str.strip_chars() != "")
            rejected.add("unknown column", f"line 1: {column!r}", given.height)
    tables = [_column(table, column, f"country/{country}", rejected) for column in known]
    notes = {"lines": table.height, "blank": table.height * len(known) - sum(one[1] for one in tables)}
    return Parsed(once(pl.concat([one[0] for one in tables]), rejected), rejected.done(), notes)


def _column(table: pl.DataFrame, column: str, entity: str, rejected: Rejections) -> tuple[pl.DataFrame, int]:
    """One column of the export as rows, and how many of its cells are not blank."""
    signal, grain = COLUMNS[column]
    cells = table.select("line", "time", TIME, cell=pl.col(column).str.strip_chars()).filter(pl.col("cell") != "")
    value = pl.col("cell").cast(pl.Float64, strict=False)
    seconds = pl.col("time").dt.epoch("s")
    in_years = seconds.is_between(_FIRST_S, _LAST_S, closed="left")
    checks = {
        "time cannot be read": pl.col("time").is_null() | ~in_years,
        f"time is not on the {grain // 60}-minute grid": seconds % grain != 0,
        "value is not a number from 0 to 100": ~value.is_between(0, 100).fill_null(False) | value.is_nan(),
    }
    for reason, wrong in checks.items():
        bad = cells.filter(wrong)
        if bad.height:
            line, _, time, cell = bad.row(0)
            rejected.add(reason, f"line {line}, {column}: {cell!r} at {time!r}", bad.height)
            cells = cells.filter(~wrong)
    rows = cells.select(
        timebin=pl.col("time"),
        entity=pl.lit(entity),
        signal=pl.lit(signal),
        value=value,
        n=pl.lit(None, dtype=pl.UInt32),
    )
    return rows, table.filter(pl.col(column).str.strip_chars() != "").height
