"""What each slot of a group is judged by, and which history that takes: durations turned into bins of the group's
grain.

Baselines. Seasonal, ratio, latency and burst: the same time of the week over four weeks, and neighbours within ten
minutes. Flat: the same time of day over seven days; routes (control plane): the last 24 hours, or the last seven of
bins that are a day long. They look back as far as IODA does there. Source:
docs/method.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radar import bands
from radar.rules import EACH, number
from radar.signals import SIGNALS, Group, Signal, split

SEASONAL, FLAT, RATIO, LATENCY, BURST = 1, 2, 3, 4, 5
KINDS = {"none": 0, "seasonal": SEASONAL, "flat": FLAT, "ratio": RATIO, "latency": LATENCY, "burst": BURST}

DAY_S = 86_400
WEEK_S = 7 * DAY_S

#: History a series needs before it is judged. Evaluated routes are held against their last day, and need no more.
WARM_UP_S, WARM_UP_EVALUATED_S = 14 * DAY_S, DAY_S
#: Weeks and days looked back on.
WEEKS, DAYS = 4, 7
#: Windows that are added up: one bin, 5 minutes, 15 minutes, one hour; and six bins, where they are half an hour or an
#: hour long: networks of the long tail have few counts an hour, and what falls at once stands out of the bins before.
WINDOWS_S, LONG_BINS = (0, 300, 900, 3600), 6
HALF_HOUR_S, HOUR_S = 1800, 3600
#: The level follows the last hours with this half-life, small residuals only.
HALF_LIFE_S = 4 * 3600
#: The noise is learnt over so long, over 500 bins where those last longer, and over no more than a week: within hours
#: a slide would teach it that sliding is usual.
NOISE_S = 36 * 3600
#: The level moves at most so far (log units) below and above its anchor, which follows it with these half-lives: a slow
#: slide is not followed down, and neither is what comes back from a busy week called a fall.
LEVEL_DOWN, LEVEL_UP = 0.15, 0.10
ANCHOR_DOWN_S, ANCHOR_UP_S = 4 * DAY_S, 14 * DAY_S
#: The anchor rises at most so far (log units): what has doubled is in the baseline itself some weeks later, all at
#: once, and an anchor that had followed it too would call that a fall.
ANCHOR_MOST = np.float32(0.2)
#: Bins that the longest window must have for sudden falls to be looked for within it.
JUMP_BINS = 6
#: Bins up to this long are averaged where yesterday's habit is looked at.
FINE_S = 600
#: Fewest bins of a day for yesterday's habit to be looked at.
HABIT_BINS = 24
#: Bins in a row (one more where they are longer than an hour), and time, that an alert needs to open or close.
PERSIST_BINS, PERSIST_S = int(EACH["persist_bins"]), int(EACH["persist_s"])
#: A fall that is beyond doubt need not wait so long in bins of a minute.
FAST_S = 300
#: An alert that has lasted so long is sure enough to be published alone.
SUSTAINED_BINS, SUSTAINED_S = int(EACH["sustained_bins"]), int(EACH["sustained_s"])
#: A burst is over when it is seen: one bin opens it. So does one evaluation of our routing table, of which most peers
#: say the same; ten minutes of normal ones close it.
PERSIST_BURST, PERSIST_EVALUATED = int(number("burst", "opens_bins")), int(number("routes_withdrawn_now", "opens_bins"))
#: Each of those who can break away does so about once a day: the rate that a burst is measured against, at least.
BURST_EVERY_S = DAY_S
#: A shallow loss becomes the new normal after 7 days, a deep one after 90.
ADOPT_SHALLOW_S, ADOPT_DEEP_S = int(EACH["adopt_shallow_days"]) * DAY_S, int(EACH["adopt_deep_days"]) * DAY_S

B1 = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Profiles:
    """Parameters of one group. Vectors have one place per slot; slots without a series are of kind 0."""

    lookback: tuple[int, ...]
    weekly: tuple[int, int]  # places of the weekly offsets within the lookback
    daily: tuple[int, int]  # those of the daily offsets (flat)
    recent: tuple[int, int]  # those of the last 24 hours (routes)
    habit: tuple[int, int]  # yesterday's three bins, and the same time of the two weeks before yesterday
    kind: npt.NDArray[np.int8]
    log: B1
    count: B1
    routes: B1
    steady: B1  # flat, and no routes
    evaluated: B1  # routes of a routing table that we keep
    slow: B1
    windows: tuple[int, ...]
    slides: bool  # whether slides are looked for,
    slide: int  # and the place of their window: the longest of at most an hour
    jumps: int  # windows in which sudden falls are looked for: all but the longest, or none
    fine: bool  # bins so short that several of them see what passes within half an hour
    warm_up: npt.NDArray[np.int64]  # seconds of history that each slot needs
    persist: int
    fast: int  # bins in a row beyond the score for publication: enough to open and to publish
    sustained: int  # bins in a row that fire and may then be published, however shallow
    opens: npt.NDArray[np.int16]  # bins in a row that open an alert of each slot; ``persist`` of them close it
    burst_rate: float  # of a burst's events, per unit and bin, at least
    level_step: float
    anchor_step: tuple[float, float]  # down and up
    noise_step: float
    slide_step: float
    log_gate: npt.NDArray[np.float32]
    floor: npt.NDArray[np.float32]
    signals: tuple[Signal | None, ...]
    rises: tuple[tuple[str, ...], ...]  # entity types of which a rise is news, by slot
    only: tuple[tuple[str, ...], ...]  # entity types that are judged, by slot; () is all


def profiles(group: Group, catalogue: Mapping[str, Signal] = SIGNALS) -> Profiles:
    """The parameters of a group. Raises KeyError for a signal that the catalogue does not have."""
    grain = group.grain_s
    signals = tuple(catalogue[split(series)[0]] for series in group.series)
    slots: tuple[Signal | None, ...] = signals + (None,) * (group.width - len(signals))
    kind = np.array([KINDS[s.profile] if s else 0 for s in slots], np.int8)
    routes = np.array([s is not None and s.profile == "flat" and s.plane == "control" for s in slots])
    lookback, spans = _lookback(grain, kind, routes)
    lengths = (*WINDOWS_S, LONG_BINS * grain) if HALF_HOUR_S <= grain <= HOUR_S else WINDOWS_S
    windows = tuple(sorted({max(1, round(w / grain)) for w in lengths}))
    evaluated = routes & group.evaluated
    persist = max(PERSIST_BINS + (grain > bands.COARSE_S), -(-PERSIST_S // grain))
    return Profiles(
        lookback=lookback,
        weekly=spans[0],
        daily=spans[1],
        recent=spans[2],
        habit=spans[3],
        kind=kind,
        log=(kind == SEASONAL) | (kind == FLAT),
        count=np.array([s is not None and s.scale == "count" for s in slots]),
        routes=routes,
        steady=(kind == FLAT) & ~routes,
        evaluated=evaluated,
        slow=np.array([_is_slow(s) for s in slots]),
        windows=windows,
        slides=grain <= FINE_S and bool((kind == SEASONAL).any()),
        slide=max(i for i, m in enumerate(windows) if i == 0 or m * grain <= HOUR_S),
        jumps=len(windows) - 1 if windows[-1] >= JUMP_BINS and bool((kind == SEASONAL).any()) else 0,
        fine=grain <= FINE_S,
        warm_up=np.where(evaluated, WARM_UP_EVALUATED_S, WARM_UP_S),
        persist=persist,
        fast=min(persist, max(PERSIST_BINS, -(-FAST_S // grain))),
        sustained=max(SUSTAINED_BINS, -(-SUSTAINED_S // grain)),
        opens=np.where(kind == BURST, PERSIST_BURST, np.where(evaluated, PERSIST_EVALUATED, persist)).astype(np.int16),
        burst_rate=min(1.0, grain / BURST_EVERY_S),
        level_step=1.0 - 2.0 ** (-1.0 / max(48.0, HALF_LIFE_S / grain)),
        anchor_step=(1.0 - 2.0 ** (-grain / ANCHOR_DOWN_S), 1.0 - 2.0 ** (-grain / ANCHOR_UP_S)),
        noise_step=2.0 / max(100.0, min(WEEK_S / grain, max(500.0, NOISE_S / grain))),
        slide_step=2.0 / max(100.0, WEEK_S / grain),
        log_gate=np.log([bands.gate(s.profile, s.plane, grain) if s else 1.0 for s in slots]).astype(np.float32),
        floor=np.where(routes, bands.FLOOR_ROUTES, bands.FLOOR).astype(np.float32),
        signals=slots,
        only=tuple(s.only if s is not None else () for s in slots),
        rises=tuple(s.rises if s is not None and s.profile == "seasonal" else () for s in slots),
    )


def _is_slow(signal: Signal | None) -> bool:
    """Slow degradation is looked for where the upstream took out growth and customers, not in our own counts."""
    return signal is not None and signal.profile == "seasonal" and signal.scale in ("normalised", "share")


def _lookback(grain: int, kind: npt.NDArray[np.int8], routes: B1) -> tuple[tuple[int, ...], list[tuple[int, int]]]:
    day, week = DAY_S // grain, WEEK_S // grain
    near = min(2, 600 // grain) or int(grain <= 1800)
    offsets: list[int] = []
    spans = []
    wanted = (
        (bool(np.isin(kind, (SEASONAL, RATIO, LATENCY, BURST)).any()), [-week * w for w in range(WEEKS, 0, -1)], near),
        (bool(((kind == FLAT) & ~routes).any()), [-day * d for d in range(DAYS, 0, -1)], 1),
        (
            bool(routes.any()),
            *(([-day * k // 8 for k in range(8, 0, -1)], 1) if day > 1 else (list(range(-DAYS, 0)), 0)),
        ),
    )
    for needed, centres, half in wanted:
        before = len(offsets)
        if needed:
            offsets += sorted({c + o for c in centres for o in range(-half, half + 1) if c + o < 0})
        spans.append((before, len(offsets)))
    before = len(offsets)
    if bool((kind == SEASONAL).any()) and day >= HABIT_BINS:
        offsets += [-day - week * 2, -day - week, -day - 1, -day, -day + 1]
    spans.append((before, len(offsets)))
    return tuple(offsets), spans
