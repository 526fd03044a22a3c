"""Raw rows: one request, query or test a row, in Parquet files. What they may hold, and which of them count.

================== ================= ================================================================================
column             type              meaning; null: the log does not say
================== ================= ================================================================================
``time``           Datetime, zone    when it was answered; any unit
``country``        String            ISO 3166-1 alpha-2
``asn``            integer           AS number of the client's network
``region``         String            ISO 3166-2
``provider``       String            slug of the provider that it was asked of
``status``         integer           HTTP status; 0: not answered
``failed``         Boolean           did it fail, where no status says so: a query, a ping
``bytes``          integer           bytes of the answer
``rtt_ms``         number            round-trip time, counted in thousandths of a millisecond
``throughput_mbps`` number           delivery rate
``client``         64-bit integer    keyed digest of the client's address, never the address itself
================== ================= ================================================================================

Only ``time`` and the columns of the key must be there; of the others, those that are. A row counts when it has a time
and a key, and nothing that was asked for is out of range; others are counted by reason and left out as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from radar.entities import countries
from radar.errors import SchemaError

#: Word for a grain -> seconds.
GRAINS = {"1m": 60, "5m": 300, "1h": 3600, "1d": 86400}

#: Entity type -> columns that name one.
KEYS: dict[str, tuple[str, ...]] = {
    "country": ("country",), "asn": ("asn",), "geoasn": ("country", "asn"), "region": ("region",),
    "provider": ("provider",),
}  # fmt: skip

#: Columns of keys as they come out.
KEY_TYPES: dict[str, type[pl.DataType]] = {
    "country": pl.String, "asn": pl.UInt32, "region": pl.String, "provider": pl.String,
}  # fmt: skip

#: Thousandths in one unit of ``rtt_ms``: how finely round-trip times are kept.
TICKS = 1000

#: Why a row without a usable time does not count.
NO_TIME = "no time from 2000 to 2099"

_REGION = r"^[A-Z]{2}-[A-Z0-9]{1,3}$"
_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$"
_FIRST_US, _LAST_US = 946_684_800_000_000, 4_102_444_800_000_000  # 2000, 2100


@dataclass(frozen=True, slots=True)
class Spec:
    """What is asked for: bins of ``grain`` (a word of ``GRAINS``) by ``by`` (an entity type of ``KEYS``)."""

    by: str
    grain: str

    def __post_init__(self) -> None:
        if self.by not in KEYS or self.grain not in GRAINS:
            raise ValueError(f"{self.by} by {self.grain}: expected one of {[*KEYS]} and one of {[*GRAINS]}")

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns that name an entity."""
        return KEYS[self.by]

    @property
    def grain_s(self) -> int:
        """Seconds of a bin."""
        return GRAINS[self.grain]


def scan(file: str, keys: Sequence[str] = ()) -> pl.LazyFrame:
    """The rows of one file, lazily, with the columns of this module that it has.

    Raises SchemaError where ``time`` or one of ``keys`` is missing or a column is of another type: names the file, the
    column, and what was expected.
    """
    lazy = pl.scan_parquet(file, glob=False)
    try:
        schema = lazy.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SchemaError(f"{file}: no Parquet file that can be read: {str(error).splitlines()[0][:200]}") from error
    for name in ("time", *keys):
        if name not in schema:
            raise SchemaError(f"{file}: no column {name}; expected it, found {', '.join(schema.names()) or 'none'}")
    for name, kind in schema.items():
        wanted = unlike(name, kind)
        if wanted:
            raise SchemaError(f"{file}: column {name} is {kind}; expected {wanted}")
    return lazy.select([name for name in schema.names() if name in _WANTED])


_WANTED = {
    "time": "Datetime with a time zone", "country": "String", "region": "String", "provider": "String",
    "asn": "an integer", "status": "an integer", "failed": "Boolean", "bytes": "an integer", "rtt_ms": "a number",
    "throughput_mbps": "a number", "client": "Int64 or UInt64: a keyed digest, never an address",
}  # fmt: skip


def fits(schema: Mapping[str, pl.DataType]) -> bool:
    """Are the columns of a file those of rows, by name and type?"""
    return "time" in schema and not any(unlike(name, kind) for name, kind in schema.items())


def unlike(name: str, kind: pl.DataType) -> str:
    """What was expected of a column of that type; empty when it fits or is none of ours."""
    wanted = _WANTED.get(name, "")
    if not wanted:
        return ""
    if name == "time":
        right = isinstance(kind, pl.Datetime) and kind.time_zone is not None
    elif name == "client":
        right = kind in (pl.Int64, pl.UInt64)
    elif wanted == "Boolean":
        right = kind == pl.Boolean
    elif wanted == "String":
        right = isinstance(kind, pl.String | pl.Categorical | pl.Enum)
    else:
        right = kind.is_integer() or (wanted == "a number" and kind.is_float())
    return "" if right else wanted


def microseconds() -> pl.Expr:
    """``time`` as microseconds since the epoch (Int64)."""
    return pl.col("time").dt.epoch("us")


def bin_of(grain_s: int) -> pl.Expr:
    """Number of the bin that the row is in, counted from the epoch (Int64)."""
    return microseconds() // (grain_s * 1_000_000)


def failure(names: Iterable[str]) -> pl.Expr | None:
    """Did what the row is about fail (Boolean; null: not said)? None: no column says so."""
    said = set(names)
    found = []
    if "status" in said:
        found.append((pl.col("status") >= 500) | (pl.col("status") == 0))
    if "failed" in said:
        found.append(pl.col("failed"))
    return pl.coalesce(found).alias("failed") if found else None


def faults(names: Iterable[str]) -> dict[str, pl.Expr]:
    """Why a row with the columns ``names`` does not count -> what is true of such a row; null: not said, no fault.

    Its key is looked at by ``keyed``, once for each key.
    """
    wrong = {
        "time": (NO_TIME, ~microseconds().is_between(_FIRST_US, _LAST_US, closed="left") | pl.col("time").is_null()),
        "status": ("status is not 0 or 100 to 599", ~pl.col("status").is_between(100, 599) & (pl.col("status") != 0)),
        "bytes": ("bytes is not from 0 to 2^48", ~pl.col("bytes").is_between(0, 2**48)),
        "rtt_ms": ("rtt_ms is not from 0 to 600000", ~pl.col("rtt_ms").is_between(0, 600_000)),
        "throughput_mbps": ("throughput_mbps is not from 0 to 1000000",
                            ~pl.col("throughput_mbps").is_between(0, 1_000_000)),
    }  # fmt: skip
    held = set(names)
    return {reason: faulty for name, (reason, faulty) in wrong.items() if name in held}


def usable(names: Iterable[str]) -> pl.Expr:
    """Does the row count, but for its key?"""
    return ~pl.any_horizontal(faults(names).values()).fill_null(value=False)


def explained(rows: pl.LazyFrame) -> dict[str, int]:
    """Reason -> rows that do not count for it; a row that several are true of counts for the first."""
    reasons = faults(rows.collect_schema().names())
    first = pl.coalesce(pl.when(faulty).then(pl.lit(reason)) for reason, faulty in reasons.items())
    counts = rows.select(reason=first).drop_nulls().group_by("reason").len().collect(engine="streaming")
    return dict(sorted(counts.rows()))


def keyed(groups: pl.DataFrame, keys: Sequence[str], count: str) -> tuple[pl.DataFrame, dict[str, int]]:
    """The groups whose key names an entity, and reason -> rows of the others.

    ``groups`` has the columns ``keys`` and ``count``, the rows of a group.
    """
    known = {
        "country": ("no country of ISO 3166-1", pl.col("country").is_in(list(countries()))),
        "asn": ("no AS number", pl.col("asn").is_between(1, 2**32 - 1)),
        "region": ("no region of the form of ISO 3166-2", pl.col("region").str.contains(_REGION)),
        "provider": ("no slug of a provider", pl.col("provider").str.contains(_SLUG)),
    }
    lost: dict[str, int] = {}
    for key in keys:
        reason, right = known[key]
        right = right.fill_null(value=False)
        bad = int(groups.filter(~right)[count].sum())
        if bad:
            lost[reason] = bad
            groups = groups.filter(right)
    return groups, lost
