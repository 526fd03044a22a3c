"""Times of request logs, in the forms in which programs spell them, to epoch seconds."""

from __future__ import annotations

import polars as pl

#: Times of requests lie between these: 2000 and 2100.
FIRST_S, LAST_S = 946_684_800, 4_102_444_800

_MS_FROM = 100_000_000_000  # epoch numbers from here on are milliseconds: as seconds they lie after the year 5138
_NS_FROM = 100_000_000_000_000_000  # and from here on nanoseconds


def moments(text: pl.Expr) -> pl.Expr:
    """Epoch seconds in any of the forms that are read; null where it is none."""
    local = text.str.strip_chars("[]").str.to_datetime("%d/%b/%Y:%H:%M:%S %z", time_unit="us", strict=False)
    return pl.coalesce(
        text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False).dt.epoch("s"),
        local.dt.convert_time_zone("UTC").dt.epoch("s"),
        epoch_seconds(text.cast(pl.Float64, strict=False)),
    )


def epoch_seconds(number: pl.Expr) -> pl.Expr:
    """Epoch seconds of numbers in seconds, milliseconds or nanoseconds; null where it is none."""
    seconds = (
        pl.when(number >= _NS_FROM).then(number / 1e9).when(number >= _MS_FROM).then(number / 1000).otherwise(number)
    )
    return pl.when(seconds.is_between(0, 1e12)).then(seconds.floor()).cast(pl.Int64, strict=False)
