"""How hours ended, out of the minutes of a stream of routes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from radar.aggregate.bins import bin_end
from radar.schema import SIGNALS, check_signals
from radar.sources import ris_live
from radar.times import parse, rfc3339

HOUR = datetime(2026, 3, 2, 10, tzinfo=UTC)
ROWS = [
    ("asn/64496", "bgp.visible_24s", 40.0, 5),
    ("asn/64496", "bgp.peer_share", 0.75, 5),
    ("asn/64496", "bgp.announcements", 3.0, None),
    ("country/IQ", "bgp.visible_48s", 0.0, 4),
]


def minute(number: int) -> pl.DataFrame:
    at = HOUR + timedelta(minutes=number)
    return pl.DataFrame([(at, entity, signal, value, n) for entity, signal, value, n in ROWS], SIGNALS, orient="row")


def hours(rows: pl.DataFrame) -> list[tuple[str, str, str, float, int | None]]:
    ended = rows.filter(pl.col("signal").str.ends_with("_hour")).rows()
    return [(rfc3339(at), entity, signal, value, n) for at, entity, signal, value, n in ended]


def test_the_last_minute_of_an_hour_tells_how_it_ended_and_keeps_its_own_rows() -> None:
    rows = ris_live.with_hours(minute(59))
    assert hours(rows) == [
        ("2026-03-02T10:00:00Z", "asn/64496", "bgp.visible_24s_hour", 40.0, None),
        ("2026-03-02T10:00:00Z", "asn/64496", "bgp.peer_share_hour", 0.75, None),
        ("2026-03-02T10:00:00Z", "country/IQ", "bgp.visible_48s_hour", 0.0, None),
    ], "activity is counted and has no end"  # fmt: skip
    assert rows.head(len(ROWS)).equals(minute(59))
    check_signals(rows, source=ris_live.NAME, signals=set(ris_live.SOURCE.signals))


@pytest.mark.parametrize("number", [0, 29, 58])
def test_an_hour_that_is_not_over_tells_nothing_and_makes_no_stream_look_fresh(number: int) -> None:
    assert ris_live.with_hours(minute(number)).equals(minute(number))


def test_no_bin_ends_after_what_was_heard() -> None:
    grains = ris_live.SOURCE.signals
    rows = ris_live.with_hours(pl.concat([minute(58), minute(59), minute(60)]))
    ends = [bin_end(grains[signal], at) for at, signal in rows.select("timebin", "signal").iter_rows()]
    assert max(ends) == HOUR + timedelta(minutes=61)
    assert len(hours(rows)) == 3


def test_an_archived_minute_is_read_back_with_its_hour() -> None:
    at = HOUR + timedelta(minutes=59)
    parsed = ris_live.parse(ris_live.evaluated(rfc3339(at), minute(59)))
    key = ["entity", "signal", "timebin"]
    assert parsed.rows.sort(key).equals(ris_live.with_hours(minute(59)).sort(key))
    assert parse(hours(parsed.rows)[0][0]) == HOUR
    assert b"_hour" not in ris_live.evaluated(rfc3339(at), minute(59)), "what can be worked out is not kept twice"
