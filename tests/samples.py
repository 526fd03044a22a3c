"""A small, complete set of published documents, and a store filled with them: for tests of pages, API and feeds.

Everything here is invented and flagged ``simulated``, save the one recorded-history outage, which has the form that a
recorded set gives. Nothing is random but the noise of the series, which is seeded.

    docs, states = sample_documents()
    seed(client)            # documents, and a few days of series of SEEDED entities
"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from radar.entities import countries
from radar.entities import name as entity_name
from radar.shapes import EntityState
from radar.shapes.jobs import JobRun, Jobs, WorkerRow
from tests.sample_routes import sample_routes, sample_routing

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

#: Entities that ``seed`` writes series of.
SEEDED = ("country/IQ", "country/FJ", "country/PT", "asn/5089")

#: Days of 5-minute series before now.
DAYS = 3


def text(moment: datetime) -> str:
    """RFC 3339 with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _signal(signal: str, source: str, verdict: str, first: datetime | None, **more: Any) -> dict[str, Any]:
    return {"signal": signal, "source": source, "verdict": verdict, "first_seen": first and text(first),
            "simulated": True, **more}  # fmt: skip


def sample_outages(now: datetime = NOW) -> list[dict[str, Any]]:
    """Seven outages, newest first: a parent with two children, one on its own, a closed, a retracted and a recorded
    one."""

    def ago(hours: float) -> datetime:
        return now - timedelta(hours=hours)

    iraq, fiji = "IQ-20260302T0500Z", "FJ-20260302T0100Z"
    rule = {
        "rule": "loss.confident",
        "rule_words": "A loss of at least 50 % on three bins in a row, seen by 2 sources.",
    }
    shutdown = {
        "id": iraq, "entity": "country/IQ", "status": "open", "level": "outage",
        "start": text(ago(7)), "start_earliest": text(ago(7.1)), "end": None, "known_at": text(ago(6.75)),
        "confidence": 0.97,
        "severity": {"depth": 0.93, "share": 0.81, "basis": "of its networks by requests", "minutes": 420.0,
                     "words": "Nearly all of Iraq, for 7 hours so far"},
        "signals": [
            _signal("edge.requests", "edge_logs", "affected", ago(7), depth=0.93, last_seen=text(ago(0.1))),
            _signal("ping.up_24s", "ioda_signals", "affected", ago(6.8), depth=0.71, last_seen=text(ago(0.2))),
            _signal("bgp.visible_24s", "ioda_signals", "not_affected", None, depth=0.04),
            _signal("telescope.sources", "ioda_signals", "insufficient", None, note="no data from 06:00"),
        ],
        "causes": [
            {"cause": "shutdown", "p": 0.7, "for": ["Starts on the hour.", "Most routes stayed up, packets are gone."],
             "against": ["No order has been published."]},
            {"cause": "unknown", "p": 0.3, "for": [], "against": []},
        ],
        "simulated": True,
        "headline": "Iraq has been mostly offline since 05:00 UTC: requests at our edge are 93 % below normal.",
        "verdict": "Most routes stayed up, packets are gone.",
        **rule,
        "updates": [
            {"at": text(ago(6.75)), "kind": "opened", "text": "Requests are 88 % below normal."},
            {"at": text(ago(6)), "kind": "updated", "text": "Pings agree: 71 % of the blocks do not answer."},
            {"at": text(ago(5)), "kind": "corrected", "text": "The onset is 05:00, not 05:05."},
        ],
        "retraction": None, "parent": None, "children": ["AS21277-20260302T0500Z", "IQ-51684-20260302T0510Z"],
    }  # fmt: skip
    child = {
        "id": "AS21277-20260302T0500Z", "entity": "asn/21277", "status": "open", "level": "outage",
        "start": text(ago(7)), "start_earliest": text(ago(7.1)), "end": None, "known_at": text(ago(6.7)),
        "confidence": 0.9,
        "severity": {"depth": 0.97, "share": None, "basis": "", "minutes": 420.0, "words": "Nearly all of the network"},
        "signals": [_signal("edge.requests", "edge_logs", "affected", ago(7), depth=0.97)],
        "causes": [{"cause": "unknown", "p": 1.0, "for": [], "against": []}],
        "simulated": True, "headline": "AS21277 has been mostly offline since 05:00 UTC.", **rule,
        "updates": [{"at": text(ago(6.7)), "kind": "opened", "text": "Requests are 97 % below normal."}],
        "retraction": None, "parent": iraq, "children": [],
    }  # fmt: skip
    second = {
        **child, "id": "IQ-51684-20260302T0510Z", "entity": "geoasn/IQ-51684", "confidence": None, "level": "degraded",
        "start": text(ago(6.8)), "start_earliest": text(ago(7)), "known_at": text(ago(6.5)),
        "severity": {**child["severity"], "depth": None, "words": "A part of the network; how much is not known"},
        "headline": "AS51684 in Iraq has been degraded since 05:10 UTC.",
        "updates": [{"at": text(ago(6.5)), "kind": "opened", "text": "Requests are below normal."}],
    }  # fmt: skip
    alone = {
        **child, "id": "AS5089-20260302T1100Z", "entity": "asn/5089", "level": "degraded", "confidence": 0.74,
        "start": text(ago(1)), "start_earliest": text(ago(1.2)), "known_at": text(ago(0.8)), "parent": None,
        "severity": {**child["severity"], "depth": 0.32, "minutes": 60.0, "words": "About a third, for 1 hour so far"},
        "signals": [_signal("edge.requests", "edge_logs", "affected", ago(1), depth=0.32)],
        "headline": "AS5089 Virgin Media Limited has been degraded since 11:00 UTC: requests are 32 % below normal.",
        "updates": [{"at": text(ago(0.8)), "kind": "opened", "text": "Requests are 32 % below normal."}],
    }  # fmt: skip
    closed = {
        **shutdown, "id": fiji, "entity": "country/FJ", "status": "closed",
        "start": text(ago(11)), "start_earliest": text(ago(11.1)), "end": text(ago(2)), "known_at": text(ago(10.8)),
        "severity": {"depth": 0.72, "share": 0.5, "basis": "of its networks", "minutes": 540.0,
                     "words": "Most of Fiji, for 9 hours"},
        "signals": [_signal("edge.requests", "edge_logs", "affected", ago(11), depth=0.72),
                    _signal("ping.up_24s", "ioda_signals", "affected", ago(10.8), depth=0.5)],
        "causes": [{"cause": "cable_cut", "p": 0.6, "for": ["An island with one cable."], "against": []},
                   {"cause": "unknown", "p": 0.4, "for": [], "against": []}],
        "headline": "Fiji was mostly offline from 01:00 to 10:00 UTC.",
        "verdict": "Packets were gone, and so were half of the routes.",
        "updates": [
            {"at": text(ago(10.8)), "kind": "opened", "text": "Requests are 72 % below normal."},
            {"at": text(ago(2.5)), "kind": "restoring", "text": "Requests are back at 80 % of normal."},
            {"at": text(ago(1.5)), "kind": "closed", "text": "Back to normal after 9 hours."},
        ],
        "children": [],
    }  # fmt: skip
    retracted = {
        **child, "id": "PT-20260301T1000Z", "entity": "country/PT", "status": "retracted", "level": "degraded",
        "start": text(ago(26)), "start_earliest": text(ago(26)), "end": text(ago(25)), "known_at": text(ago(25.8)),
        "confidence": 0.7, "parent": None,
        "causes": [{"cause": "measurement", "p": 0.95, "for": ["All countries fell at once."], "against": []}],
        "headline": "Retracted: Portugal was not degraded; our own pipeline was.",
        "updates": [{"at": text(ago(25.8)), "kind": "opened", "text": "Requests are 30 % below normal."},
                    {"at": text(ago(24)), "kind": "retracted", "text": "Our own pipeline lost a third of the logs."}],
        "retraction": "Our own pipeline lost a third of the logs.",
    }  # fmt: skip
    recorded = {
        **child, "id": "RU-20240801T0000Z", "entity": "country/RU", "level": "degraded", "status": "open",
        "start": "2024-08-01T00:00:00Z", "start_earliest": "2024-07-31T00:00:00Z", "known_at": "2024-08-03T00:00:00Z",
        "end": None, "parent": None, "simulated": False, "history": True, "confidence": 0.88,
        "severity": {"depth": 0.4, "share": None, "basis": "", "minutes": 600000.0, "words": "YouTube only"},
        "signals": [{"signal": "google.youtube", "source": "google_traffic", "verdict": "affected",
                     "first_seen": "2024-08-01T00:00:00Z", "simulated": False}],
        "headline": "YouTube traffic from Russia has been far below normal since August 2024 (recorded history).",
        "updates": [{"at": "2024-08-03T00:00:00Z", "kind": "opened", "text": "40 % below normal."}],
    }  # fmt: skip
    return [alone, second, child, shutdown, closed, retracted, recorded]


def sample_documents(
    now: datetime = NOW, *, live: bool = False, notice: bool = False
) -> tuple[dict[str, Any], dict[str, EntityState]]:
    """All documents of radar/shapes.py and the hash of states.

    ``live`` gives a running clock that simulates nothing; ``notice`` adds the notice that our own measurement is
    impaired.
    """
    outages = sample_outages(now)
    states = _states(outages, now)
    ended = None if live else text(now + timedelta(hours=2))
    docs: dict[str, Any] = {
        "clock": {
            "now": text(now),
            "mode": "live" if live else "replay",
            "speed": 1.0 if live else 240.0,
            "simulated": not live,
            "starts": None if live else text(now - timedelta(hours=12)),
            "ends": ended,
            "wall": text(datetime.now(UTC)),
        },
        "sources": sample_sources(now),
        "outages": outages,
        "quality": _quality(),
        "entities": [
            {"key": key, "name": entity_name(key), "state": state["state"], "simulated": state["simulated"]}
            for key, state in sorted(states.items())
        ],
        "jobs": sample_jobs(datetime.now(UTC)),
        "routing": sample_routing(now),
        **{f"outage:{outage['id']}": outage for outage in outages},
    }
    if notice:
        docs["notice"] = {
            "since": text(now - timedelta(minutes=20)),
            "until": None,
            "signals": ["edge.requests@edge_logs"],
            "text": "Our own pipeline lost part of the logs since 11:40 UTC; we judge nothing by them.",
        }
    return docs, states


def keep_fresh(client: Any) -> None:
    """Let what was published last be of now, as it is with a radar that runs: many minutes of tests may lie behind
    it, and what is older than five has stalled."""
    from radar.store import documents

    clock = documents.get(client, "clock")
    if datetime.now(UTC) - datetime.fromisoformat(clock["wall"]) > timedelta(minutes=1):
        documents.publish(client, {"clock": {**clock, "wall": text(datetime.now(UTC))}})


def sample_jobs(now: datetime) -> Jobs:
    """What two workers say, one of which was killed three minutes ago. ``now``: by the wall clock."""

    def ago(seconds: float) -> str:
        return text(now - timedelta(seconds=seconds))

    def run(name: str, every_s: int, began_s: float, seconds: float, **more: Any) -> JobRun:
        return cast("JobRun", {
            "name": name, "every_s": every_s, "last_run": ago(began_s), "bucket": ago(began_s + 2),
            "due": ago(began_s + 2 - every_s), "seconds": seconds, "median_s": seconds * 0.9, "p95_s": seconds * 1.8,
            "runs": 40, "waited_s": 2.0, "ok": True, "error": None, "worker": "radar-a:4021", "running": None,
            "holder": None, "abandoned": False, "taken_from": None, "skipped": 0, "put_off": 0, **more,
        })  # fmt: skip

    never = {"last_run": None, "bucket": None, "due": None, "seconds": None, "median_s": None, "p95_s": None,
             "runs": 0, "waited_s": None, "ok": None, "worker": None}  # fmt: skip
    alive = WorkerRow(name="radar-a:4021", started=ago(90_000), heard=ago(4), archive="5f0c9a1b7d2e4466", waits=False,
                      sources=["edge_logs", "google_traffic", "ioda_signals"],
                      doing=[{"job": "collect:ioda_signals.1of4", "since": ago(12)}])  # fmt: skip
    return Jobs(
        at=ago(4),
        by="radar-a:4021",
        runs=[
            run("tick", 60, 40, 1.92, skipped=1),
            run("collect:edge_logs", 300, 100, 0.41),
            run("collect:google_traffic", 3600, 1800, 10.0, ok=False, error="google_traffic: 503 from upstream"),
            run(
                "collect:ioda_signals.1of4",
                300,
                310,
                61.0,
                running=ago(12),
                holder="radar-a:4021",
                taken_from="radar-b:977",
            ),
            run(
                "collect:ioda_signals.2of4", 300, 1500, 58.2, worker="radar-b:977", holder="radar-b:977", abandoned=True
            ),
            cast("JobRun", {**run("archive", 86_400, 0, 0.0), **never}),
        ],
        workers=[alive, {**alive, "name": "radar-b:977", "heard": ago(180), "doing": []}],
        queue={"waiting": 2, "planned": 1, "oldest": ago(35)},
        archive={"files": 7, "oldest": ago(140)},
        behind=None,
        behind_after_s=1800,
        slowed=[],
    )


def _states(outages: list[dict[str, Any]], now: datetime) -> dict[str, EntityState]:
    plain = ("edge.requests@edge_logs", "bgp.visible_24s@ioda_signals", "ping.up_24s@ioda_signals")
    states: dict[str, EntityState] = {}
    for key in (
        "country/PT",
        "country/DE",
        "country/FR",
        "country/GB",
        "country/US",
        "country/RU",
        "asn/3243",
        "country/FJ",
        "country/NA",
    ):
        states[key] = {
            "state": "ok",
            "since": text(now - timedelta(days=1)),
            "outage": None,
            "depth": None,
            "words": "What we measure is within its usual range.",
            "simulated": True,
            "series": list(plain),
        }
    states["country/NR"] = {
        "state": "insufficient",
        "since": None,
        "outage": None,
        "depth": None,
        "words": "Too few requests to judge",
        "simulated": True,
        "series": list(plain[:1]),
    }
    for outage in outages:
        if outage["status"] == "open" and not outage.get("history"):
            states[outage["entity"]] = {"state": outage["level"], "since": outage["start"], "outage": outage["id"],
                                        "words": "Requests at our edge are below normal", "simulated": True,
                                        "depth": outage["severity"]["depth"], "series": list(plain)}  # fmt: skip
    return states


def sample_sources(now: datetime = NOW) -> list[dict[str, Any]]:
    """Eight sources, at least one in each state."""

    def row(name: str, state: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name, "title": f"Sample {name}", "org": "Example organisation", "url": "https://example.org/data",
            "info_url": "https://example.org/about", "licence": "CC0 1.0", "licence_url": "https://example.org/licence",
            "attribution": "Example organisation", "summary": "A sample source for tests.", "proof": "recorded",
            "signals": [], "simulated": True, "state": state, "oldest_bin": text(now - timedelta(days=DAYS)),
            "newest_bin": text(now - timedelta(minutes=5)), "lag_s": 0.0, "expected_lag_s": 600,
            "last_success": text(now), "last_error": None, "last_error_at": None, "rows": 120_000, "rejected": 0,
            "rejected_examples": [], "gaps": [], **more,
        }  # fmt: skip

    bare = {"oldest_bin": None, "newest_bin": None, "lag_s": None, "last_success": None, "rows": 0}
    return [
        row("edge_logs", "ok", signals=["edge.requests", "edge.error_share", "edge.rtt_p50"], rejected=7,
            rejected_examples=[{"reason": "no such country", "count": 7, "example": "country=ZZ <script>"}]),
        row("ioda_signals", "late", signals=["bgp.visible_24s", "ping.up_24s"], lag_s=7200.0, proof="documented",
            newest_bin=text(now - timedelta(hours=2)),
            gaps=[{"from": text(now - timedelta(hours=30)), "until": text(now - timedelta(hours=28))}]),
        row("ris_live", "ok", signals=["bgp.visible_24s", "bgp.visible_48s", "bgp.peer_share"], expected_lag_s=60,
            title="Sample ris_live of routes"),
        row("google_traffic", "history", signals=["google.youtube"], simulated=False,
            oldest_bin="2019-01-01T00:00:00Z", newest_bin="2025-03-31T22:00:00Z", lag_s=None),
        row("mlab_ndt", "history", signals=["ndt.download_p50"], simulated=False, oldest_bin="2024-10-01T00:00:00Z",
            newest_bin="2025-10-01T00:00:00Z", lag_s=None),
        row("sample_failing", "failing", last_error="sample_failing: 503 from upstream", last_error_at=text(now)),
        row("sample_never", "never", **bare),
        row("sample_off", "off", **bare),
    ]  # fmt: skip


def _quality() -> list[dict[str, Any]]:
    rows = []
    for month, more in (("2024-10", 0.0), ("2025-10", 6.5)):
        for place, code in enumerate(("DE", "IQ", "NA", "PT", "US")):
            assert code in countries()
            values: dict[str, float | None] = {
                "ndt.download_p25": 9.5 + place + more, "ndt.download_p50": 40.0 + 11 * place + more,
                "ndt.upload_p50": 11.0 + place, "ndt.rtt_p50": None if code == "NA" else 48.0 - 4 * place,
                "ndt.loss_p50": 0.001 * place,
            }  # fmt: skip
            rows.append({"entity": f"country/{code}", "month": month, "tests": 900 * (place + 1), "values": values})
    return rows


def expected_value(level: float, moment: datetime) -> float:
    """The invented normal of a daily rhythm: ``level`` times 0.4 to 1.6."""
    hour = moment.hour + moment.minute / 60
    return level * (1.0 + 0.6 * math.sin((hour - 9) / 24 * 2 * math.pi))


def seed(client: Any, now: datetime = NOW, *, live: bool = False, notice: bool = False) -> int:
    """Publish the sample documents and write DAYS days of series of SEEDED; returns the version.

    In the series: the open outage of Iraq (93 % below normal from ``now`` - 7 h), that of AS5089 (32 % below from
    ``now`` - 1 h), the one that Fiji had, a gap of two hours 30 hours ago for all, routes and pings of countries,
    and monthly percentiles of Iraq and Portugal.
    """
    import numpy as np

    from radar.signals import GROUPS
    from radar.store import blocks, documents, routes, travel

    docs, states = sample_documents(now, live=live, notice=notice)
    noise = random.Random(7)
    entities = list(SEEDED)
    levels = {"country/IQ": 9000.0, "country/FJ": 800.0, "country/PT": 6000.0, "asn/5089": 4000.0}
    hits = {"country/IQ": (7.0, 0.0, 0.93), "asn/5089": (1.0, 0.0, 0.32), "country/FJ": (11.0, 2.0, 0.72)}
    for name, level, daily, spread in (
        ("edge", 1.0, True, 0.06),
        ("ioda5", 0.5, False, 0.01),
        ("ioda10", 0.4, False, 0.02),
    ):
        group = GROUPS[name]
        bins = DAYS * 86400 // group.grain_s
        start = now - timedelta(days=DAYS)
        shape = (len(entities), bins, group.width)
        out = {aspect: np.full(shape, np.nan, dtype=np.float32)
               for aspect in ("value", "n", "baseline", "spread", "score", "clean")}  # fmt: skip
        for e, key in enumerate(entities):
            since, until, depth = hits.get(key, (0.0, 0.0, 0.0))
            for b in range(bins):
                moment = start + timedelta(seconds=b * group.grain_s)
                before = (now - moment).total_seconds() / 3600
                base = expected_value(levels[key] * level, moment) if daily else levels[key] * level
                out["baseline"][e, b, 0], out["spread"][e, b, 0] = base, spread
                if 28 < before <= 30:
                    continue
                hit = until < before <= since and not (name == "ioda5" and key != "country/FJ")
                value = base * (1.0 + noise.uniform(-spread, spread) / 2) * ((1.0 - depth) if hit else 1.0)
                out["value"][e, b, 0] = round(value)
                if hit:
                    out["clean"][e, b, 0] = base
                out["n"][e, b, 0] = round(value) if name == "edge" else 40
                out["score"][e, b, 0] = math.log(max(value, 0.5) / base) / spread
                if name == "edge":
                    out["value"][e, b, 1] = 0.01 if not hit else 0.2
                    out["value"][e, b, 2] = 80.0 + 10 * noise.random()
        for aspect, block in out.items():
            blocks.write_bins(client, group, aspect, entities, start, block)
    group = GROUPS["ndt50"]
    for month, add in ((datetime(2024, 10, 1, tzinfo=UTC), 0.0), (datetime(2025, 10, 1, tzinfo=UTC), 6.5)):
        rows = np.array([[[51.0 + add, 12.0, 44.0, 0.001]], [[73.0 + add, 14.0, np.nan, 0.003]]], dtype=np.float32)
        blocks.write_bins(client, group, "value", ["country/IQ", "country/PT"], month, rows)
    routes.write(client, sample_routes(now))  # type: ignore[arg-type]  # invented, in the form of the real ones
    with travel.Recorder(client).recording(now, docs, states) as record:
        return int(documents.publish(client, docs, states, {}, within=record.write))
