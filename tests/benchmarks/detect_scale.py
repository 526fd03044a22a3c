"""The newest bin of 80,000 entities with six scored series, through the detectors alone.

The detectors keep what they have learnt; a step gets one bin and the few past bins that its baseline is the median of.
There is no peer that does the same: the one here evaluates the whole window of four weeks again for the same bin, as a
detector without memory would (``Detector.warm``), on a part of the entities, scaled up. The processor's
own seconds stand beside those of the clock, as on a busy machine these say little.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from radar import entities
from radar.detect.engine import Detector
from radar.detect.model import F32
from radar.detect.state import FIELDS
from radar.signals import GROUPS

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = 28
SCORED = {"edge": (0, 1, 2), "ioda5": (0, 1), "ioda10": (0,)}
#: Entities that are taught from a whole history; the others are copies of what they learnt.
TAUGHT = 100
STEPS = 3
NAN = np.float32(np.nan)


def run(rows: int | None) -> dict[str, Any]:
    """Measure ``STEPS`` bins of ``rows`` entities (default 80,000), and report the median."""
    count = rows or 80_000
    countries = [f"country/{code}" for code in entities.countries()]
    keys = (countries + [f"asn/{number}" for number in range(1, count + 1)])[:count]
    cpu = np.zeros(STEPS)
    wall = np.zeros(STEPS)
    whole, alerts, parts = 0.0, 0, {}
    for name, slots in SCORED.items():
        detector, seconds = _taught(name, slots, keys)
        whole += seconds * count / TAUGHT
        mine = []
        for k in range(STEPS):
            t = NOW + k * timedelta(seconds=detector.group.grain_s)
            value, past = _bin(detector, slots, count, t, k)
            cpu_0, wall_0 = time.process_time(), time.perf_counter()
            result = detector.step(t, keys, value, np.full_like(value, NAN), past)
            mine.append(time.process_time() - cpu_0)
            cpu[k] += mine[-1]
            wall[k] += time.perf_counter() - wall_0
        alerts += len(result.alerts)
        parts[name] = round(float(np.median(mine)), 2)
    value_s = float(np.median(wall))
    return {
        "name": "detect_scale",
        "value": round(value_s, 2),
        "unit": f"s for the newest bin of {count} entities x 6 scored series, through the detectors",
        "peers": {"whole_window_again": round(whole, 1)},
        "ratios": {"whole_window_again": round(value_s / whole, 4)},
        "details": {"steps_s": [round(float(w), 2) for w in wall],
                    "processor_s": [round(float(c), 2) for c in cpu], "by_group_s": parts, "alerts_open": alerts,
                    "peer": f"{DAYS} days of {TAUGHT} entities, times {count / TAUGHT:g}"},
    }  # fmt: skip


def _usual(t: datetime, bins: int, grain_s: int) -> F32:
    hours = (t.timestamp() + np.arange(bins) * grain_s) / 3600
    return (400 + 160 * np.sin(hours * 2 * np.pi / 24)).astype(np.float32)


def _taught(name: str, slots: tuple[int, ...], keys: list[str]) -> tuple[Detector, float]:
    """A detector of all entities, and the seconds that teaching the first of them from four weeks took."""
    group = GROUPS[name]
    bins = DAYS * 86_400 // group.grain_s
    draw = np.random.default_rng(len(name))
    start = NOW - timedelta(days=DAYS)
    clean = np.full((TAUGHT, bins, group.width), NAN, np.float32)
    for slot in slots:
        clean[:, :, slot] = _series(draw, _usual(start, bins, group.grain_s)[None, :], slot, (TAUGHT, bins))
    few = Detector(group)
    began = time.perf_counter()
    few.warm(start, keys[:TAUGHT], clean)
    seconds = time.perf_counter() - began
    every = Detector(group)
    every._grow(keys)
    like = np.arange(len(keys)) % TAUGHT
    for field, (_dtype, _first, axis) in FIELDS.items():
        known = getattr(few._state, field)
        setattr(every._state, field, known[:, like].copy() if axis else known[like].copy())
    every._state.newest, every._state.day = few._state.newest, few._state.day
    return every, seconds


def _series(draw: np.random.Generator, usual: F32, slot: int, shape: tuple[int, ...]) -> F32:
    noise = draw.standard_normal(shape, dtype=np.float32)
    return usual + 12 * noise if slot != 1 else 0.01 + 0.001 * np.abs(noise)


def _bin(detector: Detector, slots: tuple[int, ...], count: int, t: datetime, k: int) -> tuple[F32, F32]:
    """One bin, in which a hundredth of the entities lost most, and the past bins that the detector asks for."""
    group, draw = detector.group, np.random.default_rng([k, detector.group.grain_s])
    value = np.full((count, group.width), NAN, np.float32)
    past = np.full((count, len(detector.lookback), group.width), NAN, np.float32)
    usual = np.array([_usual(t + o * timedelta(seconds=group.grain_s), 1, 1)[0] for o in detector.lookback], np.float32)
    for slot in slots:
        value[:, slot] = _series(draw, _usual(t, 1, 1), slot, (count,))
        past[:, :, slot] = _series(draw, usual[None, :], slot, past.shape[:2])
    value[-(count // 100) :, slots[0]] *= 0.1
    return value, past
