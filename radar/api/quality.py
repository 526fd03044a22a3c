"""``/api/v1/quality``: how well packets travel, by country: of the last hour at the edge, or of a month of tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import Response

from radar import entities
from radar.api import access, table
from radar.api.endpoints import endpoint
from radar.api.envelope import CSV, body_of, meta, success
from radar.api.parameters import ENTITY, Parameter, one_of
from radar.labels import N_
from radar.shapes import QualityRow
from radar.shapes.quality import PerformanceNow
from radar.store import performance

PURPOSES = ("web", "video", "audio", "conferencing", "backup", "gaming")
#: Fewer speed tests than this say nothing of a country.
ENOUGH = 100


@dataclass(frozen=True, slots=True)
class By:
    """One way to rank. ``unit``: ms, Mbit/s, ratio (0 to 1) or score (0 to 1)."""

    title: str
    unit: str
    lower_is_better: bool
    live: bool = False
    signal: str = ""


BY: dict[str, By] = {
    "rtt": By(N_("Round-trip time, last hour"), "ms", True, live=True),
    "throughput": By(N_("Throughput, last hour"), "Mbit/s", False, live=True),
    "iqb": By(N_("Good enough, overall"), "score", False),
    "iqb-web": By(N_("Good enough for the web"), "score", False),
    "iqb-video": By(N_("Good enough for video"), "score", False),
    "iqb-audio": By(N_("Good enough for audio"), "score", False),
    "iqb-conferencing": By(N_("Good enough for video calls"), "score", False),
    "iqb-backup": By(N_("Good enough for backups"), "score", False),
    "iqb-gaming": By(N_("Good enough for games"), "score", False),
    "download": By(N_("Download speed, month"), "Mbit/s", False, signal="ndt.download_p50"),
    "upload": By(N_("Upload speed, month"), "Mbit/s", False, signal="ndt.upload_p50"),
    "latency": By(N_("Smallest round-trip time, month"), "ms", True, signal="ndt.rtt_p50"),
    "loss": By(N_("Packet loss, month"), "ratio", True, signal="ndt.loss_p50"),
}


@dataclass(frozen=True, slots=True)
class Ranked:
    """One country. ``value`` None: nothing measured; ``rank`` None: too little to be ranked."""

    entity: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    rank: int | None
    half: float | None = None  # of a score: the same by the median test


def months(rows: Sequence[QualityRow]) -> list[str]:
    """Months that are recorded, newest first."""
    return sorted({row["month"] for row in rows}, reverse=True)


def ranking(by: str, month: str | None, now: PerformanceNow | None, rows: Sequence[QualityRow]) -> list[Ranked]:
    """Countries by one measure, best first; those without a rank come last, by key.

    ``month`` is meant for the recorded measures. Equal values share a rank.
    """
    how = BY[by]
    found: list[Ranked] = []
    if how.live:
        for row in now["countries"] if now else []:
            measure = row["rtt"] if by == "rtt" else row["throughput"]
            found.append(Ranked(row["entity"], measure["median"], measure["low"], measure["high"], measure["n"],
                                row["rank"][by]))  # fmt: skip
    else:
        found = _placed([_recorded(by, row) for row in rows if row["month"] == month], how.lower_is_better)
    return sorted(found, key=lambda row: (row.rank is None, row.rank or 0, row.entity))


def _recorded(by: str, row: QualityRow) -> Ranked:
    how, scores = BY[by], row.get("iqb")
    if how.signal:
        return Ranked(row["entity"], row["values"].get(how.signal), None, None, row["tests"], None)
    half = None
    value = None
    if scores is not None:
        part = scores if by == "iqb" else scores["purposes"][by.removeprefix("iqb-")]
        value, half = part["score"], part["half"]
    return Ranked(row["entity"], value, None, None, row["tests"], None, half)


def _placed(rows: list[Ranked], lower_is_better: bool) -> list[Ranked]:
    known = [row.value for row in rows if row.value is not None and (row.n or 0) >= ENOUGH]
    first = {value: place for place, value in reversed(list(enumerate(sorted(known, reverse=not lower_is_better), 1)))}
    return [
        Ranked(row.entity, row.value, None, None, row.n,
               first[row.value] if row.value is not None and (row.n or 0) >= ENOUGH else None, row.half)
        for row in rows
    ]  # fmt: skip


BY_PARAMETER = Parameter("by", N_("What countries are ranked by."), ", ".join(BY), one_of(*BY), default="rtt")
MONTH = Parameter("month", N_("Month of the recorded tests; the newest one without it."), N_("a month such as 2025-10"),
                  str)  # fmt: skip
FORMAT = Parameter("format", N_("JSON, or the ranking as CSV."), N_("json or csv"), one_of("json", "csv"),
                   default="json")  # fmt: skip


@endpoint("/quality", ENTITY, BY_PARAMETER, MONTH, FORMAT)
def quality(given: dict[str, Any]) -> Response:
    """Countries ranked by one measure, and everything about single entities.

    ``ranking`` holds the value, its 95 % interval where there is one, the number of measurements and the rank; rank is
    null where too few measurements stand behind the value. ``entities`` holds, for each entity that was asked for, its
    ``performance`` of the last hour (null: not measured) and its ``months`` of speed tests with the scores by purpose.
    Null means "not known", never zero.
    """
    seen = access.read("performance", "quality")
    now = cast("PerformanceNow | None", seen.docs["performance"])
    rows = cast("list[QualityRow]", seen.docs["quality"] or [])
    by = given["by"]
    how = BY[by]
    known = months(rows)
    month = None if how.live else given["month"] or (known[0] if known else None)
    ranked = ranking(by, month, now, rows)
    wanted = given["entity"]
    if wanted:
        ranked = [row for row in ranked if row.entity in set(wanted)]
    if given["format"] == "csv":
        return body_of(csv_of(how, ranked), CSV)
    found = performance.read_many(access.client(), wanted)
    source = seen.sources.get((now["source"] if now else "edge_logs") if how.live else "mlab_ndt")
    data = {
        "by": by,
        "unit": how.unit,
        "hour": now["hour"] if now and how.live else None,
        "month": month,
        "months": known,
        "ranking": [{"entity": row.entity, "value": row.value, "low": row.low, "high": row.high, "n": row.n,
                     "rank": row.rank} for row in ranked],
        "entities": {key: {"performance": found[key], "months": [row for row in rows if row["entity"] == key]}
                     for key in wanted},
    }  # fmt: skip
    simulated = bool(how.live and now and now["simulated"]) or any(row and row["simulated"] for row in found.values())
    about = meta(sources=[source] if source else [], clock=seen.clock, simulated=simulated, method="#quality",
                 count=len(ranked), version=seen.version)  # fmt: skip
    about["unit"] = how.unit
    return success(data, about)


def csv_of(how: By, ranked: Sequence[Ranked]) -> bytes:
    """The ranking as CSV; an empty rank is of one that cannot be ranked."""
    columns = ("rank", "entity", "name", "value", "low", "high", "n", "unit")
    return table.write(columns, [(row.rank, row.entity, entities.name(row.entity), row.value, row.low, row.high, row.n,
                                  how.unit) for row in ranked])  # fmt: skip
