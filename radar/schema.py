"""The row contracts between the tiers: what a source hands over and what the archive keeps.

SIGNALS is one row per (timebin, entity, signal) as one source saw it: facts only, never edited.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from radar.entities import is_entity
from radar.errors import SchemaError

UTC_US = pl.Datetime("us", "UTC")

#: What ``parse`` returns. ``value`` null: not observed. ``n`` null: the upstream does not say.
SIGNALS: dict[str, pl.DataType | type[pl.DataType]] = {
    "timebin": UTC_US,  # start of the bin, inclusive
    "entity": pl.String,  # "country/IQ"; see radar.entities
    "signal": pl.String,  # an id of radar.signals
    "value": pl.Float64,  # unit as the catalogue says; NaN and infinities are errors
    "n": pl.UInt32,  # observations behind the value; 0 together with a value is an error
}

#: What the collector adds, and what the archive therefore holds.
ARCHIVED: dict[str, pl.DataType | type[pl.DataType]] = {
    **SIGNALS,
    "source": pl.String,
    "simulated": pl.Boolean,
    "received_at": UTC_US,
}

KEY = ("timebin", "entity", "signal")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that one answer held and that could not be used, counted by reason, with one example."""

    reason: str
    count: int
    example: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a source made of one answer.

    ``rows`` has exactly the SIGNALS columns. Nothing is lost silently: what is not in ``rows`` is counted in
    ``rejected``. ``notes`` carries counts a source wants shown by ``radar try`` (records, peers, tests ...).
    """

    rows: pl.DataFrame
    rejected: tuple[Rejected, ...] = ()
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def rejected_count(self) -> int:
        """Number of rows that were dropped."""
        return sum(item.count for item in self.rejected)


def empty_signals() -> pl.DataFrame:
    """A SIGNALS frame without rows."""
    return pl.DataFrame(schema=SIGNALS)


def check_signals(rows: pl.DataFrame, *, source: str, signals: frozenset[str] | set[str] | None = None) -> pl.DataFrame:
    """Assert the SIGNALS contract and return the rows unchanged.

    Parameters
    ----------
    rows
        Any frame; extra columns are an error.
    source
        Named in every message.
    signals
        When given, the ids the source promised; any other id is an error.

    Raises
    ------
    SchemaError
        A column missing, extra or of another dtype; a null key; a NaN or infinite value; ``n`` of 0 beside a
        value; a name that is no entity; a signal that was not promised; the same key twice.
    """

    def fail(message: str) -> None:
        raise SchemaError(f"{source}: {message}")

    expected = dict(SIGNALS)
    if list(rows.columns) != list(expected):
        fail(f"columns are {rows.columns}, expected {list(expected)}")
    for name, dtype in expected.items():
        if rows.schema[name] != dtype:
            fail(f"column {name} is {rows.schema[name]}, expected {dtype}")
    if rows.is_empty():
        return rows
    for name in KEY:
        if rows[name].null_count():
            fail(f"{rows[name].null_count()} rows have no {name}; the key of a row is never null")
    broken = rows.filter(pl.col("value").is_nan() | pl.col("value").is_infinite())
    if broken.height:
        fail(f"value is not finite in {broken.height} rows, first {broken.row(0)}; expected a number or null")
    broken = rows.filter((pl.col("n") == 0) & pl.col("value").is_not_null())
    if broken.height:
        fail(f"n is 0 beside a value in {broken.height} rows, first {broken.row(0)}")
    for entity in rows["entity"].unique().to_list():
        if not is_entity(entity):
            fail(f"{entity!r} is no entity; expected a key such as 'country/IQ' or 'asn/5089'")
    if signals is not None:
        unknown = set(rows["signal"].unique().to_list()) - set(signals)
        if unknown:
            fail(f"signals {sorted(unknown)} were not promised by the source; expected {sorted(signals)}")
    twice = rows.select(KEY).is_duplicated()
    if twice.any():
        fail(f"{int(twice.sum())} rows share a key, first {rows.filter(twice).row(0)[:3]}")
    return rows


def check_archived(rows: pl.DataFrame) -> pl.DataFrame:
    """Assert that rows have the archive's columns and dtypes; return them unchanged. Raises SchemaError."""
    if dict(rows.schema) != ARCHIVED:
        raise SchemaError(f"archived rows have {dict(rows.schema)}, expected {ARCHIVED}")
    return rows
