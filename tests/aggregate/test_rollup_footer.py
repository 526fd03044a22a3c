"""The footer of a Parquet file: what it says is what is in the file, and whatever is odd gives None and no error."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from radar.aggregate.rollup.footer import Span, span

T0 = datetime(2026, 3, 2, 0, 0, 1, 234567, tzinfo=UTC)


def body(times: list[datetime | None], unit: pl.datatypes.DataType | None = None, **options: object) -> bytes:
    out = io.BytesIO()
    kind = unit or pl.Datetime("us", "UTC")
    table = pl.DataFrame({"a": [1] * len(times), "time": times}, schema_overrides={"time": pl.Datetime("us", "UTC")})
    table.with_columns(pl.col("time").cast(kind)).write_parquet(out, **options)  # type: ignore[arg-type]  # any option
    return out.getvalue()


def micro(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize("groups", [1, 100])
def test_rows_and_times_are_those_of_the_file(groups: int) -> None:
    times = [T0 + timedelta(seconds=at * 37 % 500) for at in range(400)]
    found = span(body([None, *times], row_group_size=500 // groups))
    assert found == Span(401, micro(min(times)), micro(max(times)))


def test_milliseconds_and_nanoseconds_are_told_in_microseconds() -> None:
    assert span(body([T0], pl.Datetime("ms", "UTC"))) == Span(1, micro(T0) // 1000 * 1000, micro(T0) // 1000 * 1000)
    assert span(body([T0], pl.Datetime("ns", "UTC"))) == Span(1, micro(T0), micro(T0))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"PAR1", b"\xff" * 50, b"\0" * 8 + b"PAR1", b"\xff\xff\xff\x7fPAR1",
        b"\x19\xfc\xff\xff\xff\x0f\x06\0\0\0PAR1",
        body([]), body([None, None]), body([T0], statistics=False), body([T0], pl.String()),
    ],
)  # fmt: skip
def test_what_says_no_times_gives_none(data: bytes) -> None:
    assert span(data) is None


def test_a_footer_that_is_not_there_as_a_whole_gives_none() -> None:
    whole = body([T0] * 3)
    size = int.from_bytes(whole[-8:-4], "little") + 8
    assert span(whole[-size:]) == Span(3, micro(T0), micro(T0))
    assert span(whole[-size + 1 :]) is None
    assert all(span(whole[:cut]) is None for cut in range(len(whole)))


def test_damaged_footers_end_in_none_or_a_span() -> None:
    whole, draw = body([T0] * 3), random.Random(5)
    size = int.from_bytes(whole[-8:-4], "little") + 8
    for _ in range(3000):
        data = bytearray(whole[-size:])
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(size - 8)] = draw.randrange(256)
        assert isinstance(span(bytes(data)), Span | None)
