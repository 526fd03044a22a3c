"""Sit the exam: the production detector and the baselines over generated worlds and recorded sets, in one table.

The detector is the one of the live pipeline, through the same loader as ``radar backtest``. What is said of calibration
rests on simulation and a few real cases. Source: docs/accuracy.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from radar.detect.evaluate import from_rows, run, to_alarm
from radar.detect.exam import baselines, interval
from radar.detect.exam.generate import WORLDS, Sample, SeedSet, World, generate
from radar.detect.scorecard import Alarm, Label, quantiles, score

Edition = Literal["small", "full"]
OURS = "radar"

#: Worlds of the small edition, which every change has to pass.
SMALL = ("networks, hourly", "countries, 30 min, index", "countries, hourly, index, 20 % missing")
#: How often the full edition sits a world: one holds too few events to tell.
TURNS = 4
#: Bands of confidence whose hit rate is told.
CONFIDENCE = ((0.6, "under 60 %"), (0.8, "60 to 80 %"), (0.9, "80 to 90 %"), (0.95, "90 to 95 %"),
              (1.01, "95 % and more"))  # fmt: skip
#: What was said of every alarm of one strong signal before the curve was learnt: it stays as the peer.
STATED = 0.8


@dataclass(slots=True)
class Paper:
    """One world, answered: alarms by method, and what they are marked by."""

    world: World
    labels: list[Label]
    judged_s: dict[str, float]
    volumes: dict[str, float]
    until: datetime
    alarms: dict[str, list[Alarm]] = field(default_factory=dict)
    #: Alarms of each baseline at every threshold of its ladder.
    ladders: dict[str, dict[float, list[Alarm]]] = field(default_factory=dict)

    def card(self, alarms: Sequence[Alarm], keep: Callable[[Label], bool] | None = None) -> dict[str, Any]:
        """The score card; events for which ``keep`` is false count neither for nor against."""
        labels = [
            x if keep is None or x.kind != "outage" or keep(x) else replace(x, scoreable="unknown") for x in self.labels
        ]
        return score(alarms, labels, judged_s=self.judged_s, volumes=self.volumes, until=self.until)


@dataclass(frozen=True, slots=True)
class Target:
    """A row of what is aimed at. ``worlds``: by name; ``volume``: least mean count of a bin; ``depth``, ``seconds``:
    least of an event."""

    name: str
    worlds: tuple[str, ...]
    volume: float
    depth: float
    seconds: int
    recall: float
    precision: float | None
    false_alarms: float
    ttd_p50_s: float | None = None
    ttd_p90_s: float | None = None


TARGETS = (
    Target("countries, 5-min bins", ("countries, 5 min",), 200, 0.5, 900, 0.95, 0.93, 0.02, 720),
    Target("countries, 1-min bins", ("countries, 1 min",), 40, 0.5, 900, 0.95, 0.93, 0.02, 420, 1200),
    Target("countries, 30-min index", ("countries, 30 min, index",), 0, 0.5, 3600, 0.95, 0.93, 0.02, 3720),
    Target("countries, pings", ("countries, pings, 10 min",), 0, 0.5, 1200, 0.95, 0.93, 0.02, 1320),
    Target("networks, 5-min bins", ("networks, 5 min",), 40, 0.0, 0, 0.85, None, 0.1),
    Target("networks, hourly", ("networks, hourly",), 40, 0.0, 0, 0.85, None, 0.1),
)


def sit(world: World, seeds: SeedSet, turn: int = 0, *, ours: bool = True, with_baselines: bool = True) -> Paper:
    """Answer one world. Without ``ours`` all time after the warm-up counts as judged."""
    sample: Sample = generate(world, seeds, turn)
    loaded = from_rows(sample.rows, Path(world.name))
    paper = Paper(world, sample.labels, {}, sample.volumes, loaded.until)
    if ours:
        outages, spans = run(loaded)
        paper.judged_s = {key: sum(e - b for b, e in found) for key, found in spans.items()}
        paper.alarms[OURS] = [to_alarm(outage) for outage in outages if outage["status"] != "retracted"]
    else:
        paper.judged_s = dict.fromkeys(sample.volumes, world.days * 86400.0 - baselines.WARM_UP_S)
    if with_baselines:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # medians of windows without a value are NaN
            found = baselines.scores(loaded.tapes[0])
        paper.ladders = {
            name: {t: baselines.alarms(loaded.tapes[0], name, values, t) for t in baselines.LADDER[name]}
            for name, values in found.items()
        }
    return paper


def thresholds(papers: Iterable[Paper]) -> dict[str, dict[str, float]]:
    """The kindest threshold of each baseline, by world: the most recall within the allowance of false alarms."""
    chosen: dict[str, dict[str, float]] = {}
    for world, mine in _by_world(papers).items():
        chosen[world] = {}
        for name, ladder in baselines.LADDER.items():
            tried = [(t, pool(p.card(p.ladders[name][t]) for p in mine)) for t in ladder]
            fit = [(s["recall"] or 0.0, t) for t, s in tried if (s["false_alarms_per_entity_week"] or 0.0)
                   <= baselines.MOST_FALSE]  # fmt: skip
            chosen[world][name] = max(fit)[1] if fit else ladder[-1]
    return chosen


def apply(papers: Iterable[Paper], chosen: dict[str, dict[str, float]]) -> None:
    """Give every paper the baselines' alarms at these thresholds."""
    for paper in papers:
        for name, threshold in chosen[paper.world.name].items():
            paper.alarms[name] = paper.ladders[name][threshold]


def pool(cards: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Summaries of several cards as one; quantiles of delays are over the events of all. Shares and rates stand beside
    their intervals (``..._95``, :mod:`radar.detect.exam.interval`)."""
    cards = list(cards)
    rows = [card["summary"] for card in cards]
    events, weeks = sum(r["scoreable_events"] for r in rows), sum(r["entity_weeks"] for r in rows)
    hits = sum((r["recall"] or 0.0) * r["scoreable_events"] for r in rows)
    false = sum(r["false_alarms"] for r in rows)
    true = sum(r["true_alarms"] for r in rows)
    brier = [(r["brier"], r["alarms"]) for r in rows if r["brier"] is not None and r["alarms"]]
    return {
        "recall": round(hits / events, 4) if events else None,
        "precision": round(true / (true + false), 4) if true + false else None,
        "false_alarms_per_entity_week": round(false / weeks, 4) if weeks else None,
        **quantiles([found for card in cards for found in card["found"]]),
        "brier": round(sum(b * n for b, n in brier) / sum(n for _, n in brier), 4) if brier else None,
        "entity_weeks": round(weeks, 1),
        "events": events,
        "detected": round(hits),
        "alarms": true + false,
        "false_alarms": false,
        "recall_95": interval.share(round(hits), events),
        "precision_95": interval.share(true, true + false),
        "false_alarms_per_entity_week_95": interval.rate(false, weeks),
    }


def targets(papers: Sequence[Paper]) -> list[dict[str, Any]]:
    """Each target beside what every method reached, on the worlds that were sat."""
    found = []
    for target in TARGETS:
        mine = [_only(p, target.volume) for p in papers if p.world.name in target.worlds]
        if not mine:
            continue

        def fits(label: Label, target: Target = target) -> bool:
            long = label.end is None or (label.end - label.start).total_seconds() >= target.seconds
            return label.scoreable == "yes" and (label.depth or 0.0) >= target.depth and long

        reached = {name: pool(p.card(p.alarms[name], fits) for p in mine) for name in mine[0].alarms}
        ours = reached[OURS]
        met = (
            (ours["recall"] or 0.0) >= target.recall
            and (target.precision is None or (ours["precision"] or 0.0) >= target.precision)
            and (ours["false_alarms_per_entity_week"] or 0.0) <= target.false_alarms
            and (target.ttd_p50_s is None or (ours["ttd_sure_p50_s"] or 0.0) <= target.ttd_p50_s)
            and (target.ttd_p90_s is None or (ours["ttd_sure_p90_s"] or 0.0) <= target.ttd_p90_s)
        )
        aim = {"recall": target.recall, "precision": target.precision, "ttd_p50_s": target.ttd_p50_s,
               "ttd_p90_s": target.ttd_p90_s, "false_alarms_per_entity_week": target.false_alarms}  # fmt: skip
        found.append({"name": target.name, "aim": aim, "reached": reached, "met": met})
    return found


def worlds(papers: Sequence[Paper]) -> list[dict[str, Any]]:
    """Every world with every method: summary, and for ours the tables by depth, cause and size."""
    rows = []
    for name, mine in _by_world(papers).items():
        ours = [p.card(p.alarms[OURS]) for p in mine]
        rows.append({
            "world": name,
            "methods": {m: pool(p.card(p.alarms[m]) for p in mine) for m in mine[0].alarms},
            "by_depth": _sum(ours, "by_depth"),
            "by_cause": _sum(ours, "by_cause"),
            "by_volume": _sum(ours, "by_volume"),
        })  # fmt: skip
    return rows


def reliability(papers: Sequence[Paper]) -> list[dict[str, Any]]:
    """How often alarms of a confidence were right."""
    sure = [(a.confidence, hit) for p in papers for a, hit in marked(p) if a.confidence is not None]
    rows, low = [], 0.0
    for high, band in CONFIDENCE:
        mine = [(c, hit) for c, hit in sure if low <= c < high]
        if mine:
            rows.append({
                "band": band,
                "alarms": len(mine),
                "confidence": round(sum(c for c, _ in mine) / len(mine), 3),
                "right": round(sum(hit for _, hit in mine) / len(mine), 3),
            })  # fmt: skip
        low = high
    return rows


def calibration(papers: Sequence[Paper]) -> dict[str, Any]:
    """Brier scores (the smaller the better) of what is said, and of saying :data:`STATED` always."""
    sure = [(a.confidence, hit) for p in papers for a, hit in marked(p) if a.confidence is not None]
    if not sure:
        return {"alarms": 0, "right": None, "brier": None, "brier_stated": None, "stated": STATED}
    return {
        "alarms": len(sure),
        "right": round(sum(hit for _, hit in sure) / len(sure), 4),
        "brier": round(sum((c - hit) ** 2 for c, hit in sure) / len(sure), 4),
        "brier_stated": round(sum((STATED - hit) ** 2 for _, hit in sure) / len(sure), 4),
        "stated": STATED,
    }


def marked(paper: Paper) -> list[tuple[Alarm, bool]]:
    """Our alarms, and whether each was right; without those over events that the data cannot show."""
    rows = paper.card(paper.alarms[OURS])["alarms"]
    return [(a, row["outcome"] == "true") for a, row in zip(paper.alarms[OURS], rows, strict=True)
            if row["outcome"] != "excused"]  # fmt: skip


def rows_of(edition: Edition) -> list[tuple[World, int]]:
    """Worlds and turns of an edition."""
    if edition == "small":
        return [(world, 0) for world in WORLDS if world.name in SMALL]
    return [(world, turn) for world in WORLDS for turn in range(TURNS)]


# ---------------------------------------------------------------------- parts


def _by_world(papers: Iterable[Paper]) -> dict[str, list[Paper]]:
    found: dict[str, list[Paper]] = {}
    for paper in papers:
        found.setdefault(paper.world.name, []).append(paper)
    return found


def _only(paper: Paper, volume: float) -> Paper:
    keep = {key for key, size in paper.volumes.items() if size >= volume}
    return replace(
        paper,
        labels=[x for x in paper.labels if x.entity in keep],
        judged_s={k: v for k, v in paper.judged_s.items() if k in keep},
        volumes={k: v for k, v in paper.volumes.items() if k in keep},
        alarms={m: [a for a in found if a.entity in keep] for m, found in paper.alarms.items()},
    )


def _sum(cards: Sequence[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    found: dict[str, list[int]] = {}
    for card in cards:
        for row in card[table]:
            place = found.setdefault(row["band"], [0, 0])
            place[0] += row["events"]
            place[1] += row["detected"]
    return [{"band": band, "events": e, "detected": d, "recall": round(d / e, 3)} for band, (e, d) in found.items()]
