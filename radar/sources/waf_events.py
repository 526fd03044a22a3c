"""Rule matches of web application firewalls: who tried what, by rule, origin and target.

A firewall tells of each request that matched one of its rules. A line is read in whichever of the forms in
``_waf_forms`` it has; of it are kept the rule's id, a short title and CVE numbers, whether the request was refused, the
country and network that the client's address is registered to, and the country and provider of the host that was asked
(``_waf_targets``). The address itself, hosts, URLs and whatever the request held are not kept.

Upstream: log files of the operator's own firewalls, where the setting ``waf_events`` says. Licence: the operator's own
data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from radar import settings
from radar.errors import ConfigError, UpstreamChanged
from radar.schema import SIGNALS, Parsed, empty_signals
from radar.sources import Answer, Source
from radar.sources._bytes import PARQUET, unpack
from radar.sources._log_files import Chunk
from radar.sources._log_source import Told, answers, unpacked
from radar.sources._rejections import Rejections
from radar.sources._waf_rows import BIN_S, LARGEST, checked, counted, detailed, unusable
from radar.sources._waf_targets import targets

if TYPE_CHECKING:
    from radar.http import Http
    from radar.sources._log_bins import Unlisted

NAME = "waf_events"

_KEY = ["timebin", "entity", "signal"]
#: Columns of partials -> the type of entity that they name.
_ENTITIES = {"cc": "country", "asn": "asn", "to_cc": "country", "provider": "provider"}
#: Series -> the columns that name its entities.
_COLUMNS = {"waf.matches": ("cc", "asn"), "waf.matches_to": ("to_cc", "provider")}


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """The bins of ``[since, until)`` that changed since the last time, and their hours, as partials.

    Raises
    ------
    ConfigError
        The setting is empty, or ``waf_targets`` names a country that there is none of.
    UpstreamUnavailable
        No file is there, or one cannot be read.
    """
    chosen = settings.load()
    place = chosen.waf_events
    if not place:
        raise ConfigError("RADAR_WAF_EVENTS is empty; expected a folder or a glob of log files")
    targets(chosen.waf_targets)  # what is wrong with it is said before any file is read
    once = pl.col("field") == "matches"
    yield from answers(NAME, place, since, until, count=_count, largest=LARGEST, once=once, prefix="waf")


def _count(chunk: Chunk, rejected: Rejections) -> pl.DataFrame:
    if chunk.kind != "lines":
        raise UpstreamChanged(NAME, f"{chunk.file} is {chunk.kind}; expected lines of text")
    return counted(chunk.data, chunk.first_line, rejected, known=targets(settings.load().waf_targets))


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Matches per country and network of origin, and per country and provider that was aimed at.

    Takes a log as a firewall wrote it, or what ``fetch`` gave. ``n`` is the number of matches. An hour's partials give
    no rows: its bins have given them. Raises UpstreamChanged when no line is of a known form.
    """
    told, notes = _partials(body)
    if told.grain_s != BIN_S:
        return Parsed(empty_signals(), told.rejected, notes)
    only = told.partials.filter(pl.col("field") == "matches")
    tables = [
        only.with_columns(entity=pl.concat_str(pl.lit(f"{_ENTITIES[column]}/"), pl.col(column).cast(pl.String)))
        .filter(pl.col("entity").is_not_null())
        .group_by("bin", "entity")
        .agg(pl.col("amount").sum())
        .select(
            pl.from_epoch("bin").cast(pl.Datetime("us", "UTC")).alias("timebin"),
            "entity",
            signal=pl.lit(signal),
            value=pl.col("amount").cast(pl.Float64),
            n=pl.col("amount").cast(pl.UInt32),
        )
        for signal, columns in _COLUMNS.items()
        for column in columns
    ]
    nulls = [told.nulls({signal: column}, _entity)
             for signal, columns in _COLUMNS.items() for column in columns]  # fmt: skip
    found = pl.concat([*(table.select(list(SIGNALS)) for table in tables), *nulls])
    return Parsed(found.unique(_KEY, keep="first", maintain_order=True).sort(_KEY), told.rejected, notes)


def _entity(cut: Unlisted) -> str:
    return f"{_ENTITIES[cut.name]}/{cut.example}"


def details(body: bytes, *, name: str = "") -> list[dict[str, Any]]:
    """One row per bin and rule, oldest first: what the book of attacks is written from.

    ``bin`` and ``grain_s`` (300, or 3600 for an hour's partials), ``rule``, ``title``, ``cve``; ``matches``, of them
    ``blocked`` (refused or challenged) and ``acted`` (those of which the log says what was done); ``first`` and
    ``last`` match; ``countries``, ``networks`` (origin) and ``targets``, ``providers`` (aim): entity -> matches, the
    60 largest each. Raises UpstreamChanged as ``parse`` does.
    """
    told, _notes = _partials(body)
    return detailed(told.partials, told.grain_s)


def _partials(body: bytes) -> tuple[Told, dict[str, int]]:
    """Partials of a log or of packed ones, and notes."""
    data, cut = unpack(body, source=NAME)
    if data.startswith(PARQUET):
        packed = unpacked(data)
        if packed is not None:
            return packed._replace(partials=checked(packed.partials, NAME)), {}
        raise UpstreamChanged(NAME, "a Parquet file that holds no partials; expected lines of a firewall's log")
    rejected, notes = Rejections(), Counter[str]()
    found = counted(data, 1, rejected, notes=notes, known=targets(settings.load().waf_targets))
    if cut:
        rejected.add("compressed file ends early", f"after {len(data)} unpacked bytes")
    lost = sum(item.count for item in rejected.done())
    if found.is_empty() and lost and not notes["lines without a match"]:
        raise unusable(data, NAME)
    return Told(found, BIN_S, rejected.done()), {name: count for name, count in notes.items() if count}


SOURCE = Source(
    name=NAME,
    title="Our firewalls: rule matches",
    org="The operator of this radar",
    url="/attacks",
    info_url="/attacks",
    licence="The operator's own data",
    licence_url="/about#own-measurements",
    attribution="Firewall logs of the operator of this radar, counted per rule, country and network",
    cadence_s=300,
    lag_s=300,
    signals={"waf.matches": BIN_S, "waf.matches_to": BIN_S},
    summary="Requests that matched a rule of the operator's web application firewalls, by rule, origin and target.",
    absent_is_zero=frozenset({"waf.matches", "waf.matches_to"}),
    setting="waf_events",
    proof="documented",
)
