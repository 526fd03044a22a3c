"""Lines of firewall logs to partials, and partials to rows: how matches are counted.

A partial is a row of ``DIMENSIONS``, ``field``, ``cell`` (0) and ``amount``. Fields: ``matches`` adds up; ``first`` is
``LATEST`` less the second of the earliest match and ``last`` the second of the latest one, and of both the larger
counts, so that partials of any chunks merge into those of the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import polars as pl

from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.sources._bytes import begins
from radar.sources._geo import locate
from radar.sources._rejections import Rejections
from radar.sources._waf_forms import Match, Wrong, matches
from radar.sources._waf_targets import Target, target_of
from radar.times import rfc3339

BIN_S = 300

#: Matches that are in memory as objects of Python at a time.
BATCH = 2048

#: What tells apart the matches of a bin. Null: not known. Rule and action are null only where a bin had more of them
#: than memory allows (``radar.sources._log_bins``).
DIMENSIONS: dict[str, type[pl.DataType]] = {
    "bin": pl.Int64,
    "rule": pl.String,
    "title": pl.String,
    "cve": pl.String,
    "action": pl.String,
    "cc": pl.String,
    "asn": pl.UInt32,
    "to_cc": pl.String,
    "provider": pl.String,
}
PARTIALS: dict[str, type[pl.DataType]] = {**DIMENSIONS, "field": pl.String, "cell": pl.Int32, "amount": pl.Int64}

#: Fields of which the larger counts.
LARGEST = frozenset({"first", "last"})

#: ``first`` is counted down from here.
LATEST = 1 << 33

#: Origins and targets that a row of details names, the largest.
MOST = 60

_FIELDS: dict[str, type[pl.DataType]] = {
    "second": pl.Int64,
    "rule": pl.String,
    "title": pl.String,
    "cve": pl.String,
    "action": pl.String,
    "client": pl.String,
    "cc": pl.String,
    "asn": pl.UInt32,
    "to_cc": pl.String,
    "provider": pl.String,
}


def counted(
    data: bytes,
    first_line: int,
    rejected: Rejections,
    *,
    notes: Counter[str] | None = None,
    known: Mapping[str, Target] | None = None,
) -> pl.DataFrame:
    """The partials of some lines, in any of the known forms, mixed as they may be.

    ``first_line`` is the number of the first one, for examples. Lines that cannot be used are counted in ``rejected``.
    ``notes`` counts lines, matches, lines without a match, and matches whose origin or action is not known. ``known``:
    targets of hosts (``radar.sources._waf_targets``).
    """
    notes = Counter() if notes is None else notes
    groups: list[pl.DataFrame] = []
    rows = 0
    for batch in _batches(data, first_line, rejected, notes):
        table = _placed(_table(batch, known or {}), rejected)
        notes["matches"] += table.height
        notes["matches without an origin"] += table.filter(pl.col("cc").is_null() & pl.col("asn").is_null()).height
        notes["matches without an action"] += table.filter(pl.col("action") == "unknown").height
        groups.append(_grouped(table))
        rows += groups[-1].height
        if rows > 8 * BATCH:
            groups = [_together(groups)]
            rows = groups[0].height
    return _partials(_together(groups)) if groups else pl.DataFrame(schema=PARTIALS)


def _batches(data: bytes, first_line: int, rejected: Rejections, notes: Counter[str]) -> Iterator[list[Match]]:
    found: list[Match] = []
    for number, line in enumerate(BytesIO(data), first_line):
        if not line.strip():
            continue
        notes["lines"] += 1
        try:
            rows = matches(line.removesuffix(b"\n"))
        except Wrong as error:
            rejected.add(error.reason, f"line {number}: {error.example}" if error.example else f"line {number}")
            continue
        notes["lines without a match"] += not rows
        found += rows
        if len(found) >= BATCH:
            yield found
            found = []
    if found:
        yield found


def _table(found: list[Match], known: Mapping[str, Target]) -> pl.DataFrame:
    """Matches as columns; the target from the host where the log names none."""
    columns = {name: [getattr(row, name) for row in found] for name in _FIELDS}
    if known:
        aims = [target_of(row.host, known) for row in found]
        columns["to_cc"] = [row.to_cc or cc for row, (cc, _) in zip(found, aims, strict=True)]
        columns["provider"] = [row.provider or slug for row, (_, slug) in zip(found, aims, strict=True)]
    return pl.DataFrame(columns, schema=_FIELDS)


def _placed(table: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """With ``cc`` and ``asn`` from the client's address where the log names none, and without that address."""
    cc, asn = located(table["client"])
    table = table.drop("client").with_columns(
        cc=pl.coalesce("cc", pl.Series("at", cc, dtype=pl.String)),
        asn=pl.coalesce("asn", pl.Series("by", asn, dtype=pl.UInt32)),
    )
    known = pl.Series("known", list(countries()))
    for column in ("cc", "to_cc"):
        good = pl.col(column).is_null() | pl.col(column).is_in(known.to_list())
        wrong = table.filter(~good)
        if wrong.height:
            rejected.add("unknown country", f"country is {wrong[column][0]!r}", wrong.height)
            table = table.filter(good)
    return table


def located(clients: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Country and network of each address, null where there is none."""
    found = locate(clients)
    return found["cc"], found["asn"]


def partials(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of matches (``second`` and the other dimensions) as partials."""
    return _partials(_grouped(table))


def _grouped(table: pl.DataFrame) -> pl.DataFrame:
    """One row for each combination of dimensions: ``matches``, ``first`` and ``last``."""
    return (
        table.with_columns(bin=pl.col("second") // BIN_S * BIN_S)
        .group_by(list(DIMENSIONS))
        .agg(
            matches=pl.len().cast(pl.Int64),
            first=(LATEST - pl.col("second")).max(),
            last=pl.col("second").max(),
        )
    )


def _together(groups: list[pl.DataFrame]) -> pl.DataFrame:
    if len(groups) == 1:
        return groups[0]
    sums = (pl.col("matches").sum(), pl.col("first").max(), pl.col("last").max())
    return pl.concat(groups).group_by(list(DIMENSIONS)).agg(sums)


def _partials(groups: pl.DataFrame) -> pl.DataFrame:
    dimensions = list(DIMENSIONS)
    return (
        groups.unpivot(["matches", "first", "last"], index=dimensions, variable_name="field", value_name="amount")
        .select(*dimensions, "field", cell=pl.lit(0, dtype=pl.Int32), amount=pl.col("amount").cast(pl.Int64))
        .cast(PARTIALS)  # type: ignore[arg-type]  # a mapping of types is one of data types
    )


def checked(found: pl.DataFrame, source: str) -> pl.DataFrame:
    """Partials with the columns that they must have. Raises UpstreamChanged."""
    lacking = [name for name in PARTIALS if name not in found.columns]
    if lacking:
        raise UpstreamChanged(source, f"these partials lack the columns {lacking}")
    try:
        return found.select(list(PARTIALS)).cast(PARTIALS)  # type: ignore[arg-type]
    except pl.exceptions.PolarsError as error:
        raise UpstreamChanged(source, f"the partials' columns have other types: {str(error)[:120]}") from error


def unusable(data: bytes, source: str) -> UpstreamChanged:
    """The error for bytes in which no line is of a known form."""
    return UpstreamChanged(
        source,
        f"no line is a firewall's: expected NDJSON with 'time' and 'rule', a ModSecurity or Coraza audit log, AWS WAF, "
        f"Cloudflare firewall events, or nginx's error log; the file begins with {begins(data)}",
    )


def detailed(found: pl.DataFrame, grain_s: int) -> list[dict[str, Any]]:
    """One row per bin and rule, oldest first; see ``radar.sources.waf_events.details``."""
    found = found.drop_nulls("rule")
    keys = ["bin", "rule"]
    amount = pl.col("amount")
    counts = pl.col("field") == "matches"
    heads = (
        found.group_by(keys)
        .agg(
            matches=amount.filter(counts).sum(),
            blocked=amount.filter(counts & (pl.col("action") == "blocked")).sum(),
            acted=amount.filter(counts & (pl.col("action") != "unknown")).sum(),
            first=LATEST - amount.filter(pl.col("field") == "first").max(),
            last=amount.filter(pl.col("field") == "last").max(),
            title=pl.col("title").filter(counts & (pl.col("title") != "")).sort().first(),
            cve=pl.col("cve").filter(counts & (pl.col("cve") != "")).unique().sort(),
        )
        .filter(pl.col("matches") > 0)
        .sort(keys)
    )
    only = found.filter(counts)
    ends = [
        ("countries", pl.concat_str(pl.lit("country/"), pl.col("cc"))),
        ("networks", pl.concat_str(pl.lit("asn/"), pl.col("asn").cast(pl.String))),
        ("targets", pl.concat_str(pl.lit("country/"), pl.col("to_cc"))),
        ("providers", pl.concat_str(pl.lit("provider/"), pl.col("provider"))),
    ]
    tops = {name: _largest(only, keys, entity) for name, entity in ends}
    return [
        {
            "bin": rfc3339(datetime.fromtimestamp(row["bin"], UTC)),
            "grain_s": grain_s,
            "rule": row["rule"],
            "title": row["title"] or "",
            "cve": sorted({number for text in row["cve"] for number in text.split()}),
            "matches": row["matches"],
            "blocked": row["blocked"],
            "acted": row["acted"],
            "first": _moment(row["first"], row["bin"]),
            "last": _moment(row["last"], row["bin"]),
            **{name: top.get((row["bin"], row["rule"]), {}) for name, top in tops.items()},
        }
        for row in heads.iter_rows(named=True)
    ]


def _largest(only: pl.DataFrame, keys: list[str], entity: pl.Expr) -> Mapping[tuple[int, str], dict[str, int]]:
    table = (
        only.with_columns(entity=entity)
        .filter(pl.col("entity").is_not_null())
        .group_by(*keys, "entity")
        .agg(pl.col("amount").sum())
        .sort([*keys, "amount", "entity"], descending=[False, False, True, False])
        .group_by(keys, maintain_order=True)
        .head(MOST)
    )
    found: dict[tuple[int, str], dict[str, int]] = {}
    for start, rule, key, amount in table.select(*keys, "entity", "amount").iter_rows():
        found.setdefault((start, rule), {})[key] = amount
    return found


def _moment(second: int | None, start: int) -> str:
    return rfc3339(datetime.fromtimestamp(start if second is None else second, UTC))
