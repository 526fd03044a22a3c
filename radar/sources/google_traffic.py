"""Google Transparency Report: YouTube traffic of a country as a share of the world's.

Upstream: https://transparencyreport.google.com/traffic/overview. Three forms are read:

- the report's own answer, ``)]}'`` and JSON: ``[["tr.atsr", [[epoch ms, [[null, value]]], ...], null, [from, to]]]``;
  the country is only in the address (``region=RU``) or the file name;
- CSV ``date and time,value`` of one country, written by the downloader of github.com/denis989; the country is in the
  file name (``RU.csv.gz``);
- CSV ``date and time,RU,NL,...`` of many countries, merged by the same tool; ``NA`` in a cell is no data.

Values are scaled by upstream, and carry noise that upstream adds for privacy: they compare with the same country's
past and with nothing else. Upstream chooses the step by the length of the range asked for: 30 minutes for a day, 2
hours for a month, 3 hours for six weeks; 1.5 hours in the broken months of the recorded files. Samples are therefore
put into 2-hour bins of UTC, as the mean of the bin's samples; a bin without a sample has no row. Months in the recorded
files lack their last day.

The CSV's times carry no zone. The tool writes local time of the machine it ran on; here they are read as UTC. Compared
with a raw answer (Russia, July and August 2024, times in epoch ms) UTC fits best: correlation 0.92 at no shift, 0.47
and 0.79 at two hours either way. An error of less than an hour cannot be ruled out.

Licence: Google's terms of service; attribute "Google Transparency Report". The recorded files are MIT (denis989).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.schema import Parsed, empty_signals
from radar.sources import WHOLE, Answer, Shard, Source
from radar.sources._ask import ask_each
from radar.sources._bytes import BROKEN, begins, json_value, unpack
from radar.sources._names import country_in, file_name
from radar.sources._rejections import Rejections

if TYPE_CHECKING:
    from radar.http import Http

NAME = "google_traffic"
API = "https://transparencyreport.google.com/transparencyreport/api/v3/traffic/fraction"
SIGNAL = "google.youtube"

#: Upstream's number for YouTube.
PRODUCT = 21

BIN_S = 7200
TIME, VALUE = "date and time", "value"

#: One request: at this length upstream answers in steps of 2 hours at most.
WINDOW = timedelta(days=28)

_GUARD = b")]}'"
_SAMPLES = {"place": pl.String, "entity": pl.String, "time": pl.Int64, "text": pl.String, "value": pl.Float64}
_FIRST_MS, _LAST_MS = 1_104_537_600_000, 4_102_444_800_000  # 2005, before YouTube; 2100


def fetch(http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
    """Ask for each country in whole 2-hour bins of ``[since, until)``, one request per country and four weeks."""
    first = int(since.timestamp()) // BIN_S * BIN_S
    last = int(until.timestamp()) // BIN_S * BIN_S

    def ask(code: str) -> Iterator[Answer]:
        for start in range(first, last, int(WINDOW.total_seconds())):
            end = min(start + int(WINDOW.total_seconds()), last)
            query = f"{API}?start={start * 1000}&end={end * 1000}&region={code}&product={PRODUCT}"
            yield Answer(query, http.get(query, source=NAME).body)

    yield from ask_each(NAME, shard.take(countries()), ask)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read a raw answer or a CSV, gzip allowed; the country is in ``name``. Raises UpstreamChanged for other bytes."""
    data, cut = unpack(body, source=NAME)
    if cut:
        raise UpstreamChanged(NAME, f"the compressed file ends early, after {len(data)} unpacked bytes")
    data = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    rejected = Rejections()
    if data.startswith((_GUARD, b"[")):
        samples = _samples_of_answer(json_value(data.removeprefix(_GUARD), source=NAME), _country(name), rejected)
    elif data[:32].lstrip(b'"').startswith(TIME.encode()):
        samples = _samples_of_csv(data, name)
    else:
        raise UpstreamChanged(
            NAME, f"byte 0: begins with {begins(data)}; expected {_GUARD.decode()!r} and JSON, or a CSV headed {TIME!r}"
        )
    return _binned(samples, rejected)


def _country(name: str) -> str:
    country = country_in(name)
    if country is None:
        raise UpstreamChanged(NAME, f"the name {file_name(name)!r} names no country; expected e.g. 'RU.csv.gz'")
    return country


def _samples_of_answer(answer: Any, country: str, rejected: Rejections) -> pl.DataFrame:
    """Points of a raw answer. A point without a value is no data."""
    try:
        points = answer[0][1] or []
        if not isinstance(points, list):
            raise TypeError
    except (IndexError, KeyError, TypeError):
        raise UpstreamChanged(NAME, f"no points at [0][1] of the JSON; begins with {str(answer)[:60]!r}") from None
    times: list[int] = []
    values: list[float] = []
    places: list[str] = []
    for number, point in enumerate(points):
        try:
            time, value = point[0], point[1][0][1]
            if value is None:
                continue
            if isinstance(time, bool) or isinstance(value, bool):
                raise TypeError
            time, value = int(time), float(value)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError):
            rejected.add("not a point", f"point {number}: {str(point)[:60]}")
            continue
        times.append(min(max(time, 0), 2**62))
        values.append(value)
        places.append(f"point {number}")
    texts = [str(value) for value in values]
    return pl.DataFrame(
        {"place": places, "entity": f"country/{country}", "time": times, "text": texts, "value": values},
        schema=_SAMPLES,
    )


def _samples_of_csv(data: bytes, name: str) -> pl.DataFrame:
    """Cells of a CSV. An empty cell and ``NA`` are no data."""
    try:
        table = pl.read_csv(io.BytesIO(data), infer_schema=False, truncate_ragged_lines=True, encoding="utf8-lossy")
    except BROKEN as error:
        raise UpstreamChanged(NAME, f"the CSV cannot be read: {str(error).splitlines()[0][:160]}") from error
    columns = table.columns[1:]
    if table.columns[0] != TIME or not columns:
        raise UpstreamChanged(
            NAME, f"line 1: columns are {table.columns}; expected {TIME!r} and {VALUE!r} or countries"
        )
    if columns == [VALUE]:
        codes = {VALUE: _country(name)}
    else:
        codes = {column: column for column in columns if column in countries()}
        if len(codes) < len(columns):
            unknown = [column for column in columns if column not in codes]
            raise UpstreamChanged(NAME, f"line 1: column {unknown[0]!r} is no country; expected codes such as 'RU'")
    text = pl.col("text").str.strip_chars()
    return (
        table.with_row_index("line", 2)
        .rename(codes)
        .unpivot(list(codes.values()), index=["line", TIME], variable_name="code", value_name="text")
        .filter(text.is_not_null() & ~text.is_in(["", "NA"]))
        .select(
            place=pl.format("line {}", "line"),
            entity=pl.format("country/{}", "code"),
            time=pl.col(TIME).str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms", strict=False).dt.epoch("ms"),
            text=text,
            value=text.cast(pl.Float64, strict=False),
        )
    )


def _binned(samples: pl.DataFrame, rejected: Rejections) -> Parsed:
    """Means of 2-hour bins. Of samples of one moment the last counts, as upstream revises."""
    notes = {"samples": samples.height}
    sound = (pl.col("value").is_finite() & (pl.col("value") >= 0)).fill_null(False)
    checks = {
        "time cannot be read": ~pl.col("time").is_between(_FIRST_MS, _LAST_MS, closed="left").fill_null(False),
        "value is not a number of zero or more": ~sound,
        "the same moment twice": ~pl.struct("entity", "time").is_last_distinct(),
    }  # fmt: skip
    for reason, wrong in checks.items():
        bad = samples.filter(wrong)
        if bad.height:
            row = bad.row(0, named=True)
            rejected.add(reason, f"{row['place']}: {row['text']} for {row['entity']}", bad.height)
            samples = samples.filter(~wrong)
    if samples.is_empty():
        return Parsed(empty_signals(), rejected.done(), notes)
    step = samples.sort("entity", "time").get_column("time").diff().median()
    if isinstance(step, (int, float)) and step > BIN_S * 1000:
        # Too long a range was asked for: some bins stay empty. Said, because a reader may wonder at the gaps.
        notes["step_s"] = int(step // 1000)
    rows = (
        samples.group_by(
            timebin=pl.from_epoch(pl.col("time") // (BIN_S * 1000) * BIN_S).cast(pl.Datetime("us", "UTC")),
            entity=pl.col("entity"),
        )
        .agg(value=pl.col("value").mean())
        .select(
            "timebin", "entity", signal=pl.lit(SIGNAL), value=pl.col("value"), n=pl.lit(None, dtype=pl.UInt32)
        )
        .sort("timebin", "entity")
    )  # fmt: skip
    return Parsed(rows, rejected.done(), {**notes, "bins": rows.height})


SOURCE = Source(
    name=NAME,
    title="Google traffic: YouTube",
    org="Google Transparency Report",
    url=API,
    info_url="https://transparencyreport.google.com/traffic/overview",
    licence="Google Terms of Service; recorded files MIT (denis989)",
    licence_url="https://policies.google.com/terms",
    attribution="Google Transparency Report, traffic and disruptions",
    cadence_s=BIN_S,
    shards=4,
    lag_s=3 * 3600,
    signals={SIGNAL: BIN_S},
    summary="YouTube traffic of each country, scaled by Google, with noise added there.",
    past_hours=744,
)
