"""What the detector says: alerts, views and notices of our own faults, as plain values.

All times are aware UTC; a bin is named by its start. "Loss" is 1 - value / baseline for signals that fear a fall; for a
share of failures it is the part of the successes that went; for latency 1 - baseline / value; for a burst the part of
all that broke away. It lies in 0..1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

F32 = npt.NDArray[np.float32]
U8 = npt.NDArray[np.uint8]

#: Codes of ``StepResult.verdict``.
INSUFFICIENT, NOT_AFFECTED, AFFECTED = 0, 1, 2
VERDICT_IDS = ("insufficient", "not_affected", "affected")

#: Codes of ``StepResult.reason``: why a bin is insufficient. 0 where it is not.
REASONS = ("", "no_data", "warming_up", "too_few", "own_fault", "not_scored")


@dataclass(slots=True)
class Alert:
    """One rule firing on one series of one entity.

    ``opened``: start of the first affected bin. ``last``: start of the newest affected bin. ``last_good``: start of
    the last bin before ``opened`` that was seen and was normal (None when none was seen). ``closed``: end of the last
    affected bin, once two bins in a row are normal again; None while open. ``depth``: largest loss, ``loss`` the
    newest, ``held``: the larger of the newest two. ``score_min``: the worst score. ``publishable``: strong enough to
    be published alone. ``shallow``: a confident loss under the gate of the profile: it never makes an outage, but it
    is told. ``deep_last``: newest bin beyond the gate. ``adopted``: closed because the new level lasted so long that
    it is normal now. ``withdrawn``: not an alert after all, and why ("own_fault" or "corrected"); "" otherwise.
    ``peak``: largest value, of a rise of matches. ``about``: what of the entity it is about, where that is not the
    whole: the id of a firewall's rule, which is called ``title``.
    """

    entity: str
    series_id: str
    rule: str
    opened: datetime
    last: datetime
    last_good: datetime | None
    step_s: int
    closed: datetime | None = None
    depth: float = 0.0
    loss: float | None = None
    held: float = 0.0
    score_min: float = 0.0
    value: float = 0.0
    baseline: float = 0.0
    bins: int = 0
    publishable: bool = False
    shallow: bool = False
    deep_last: datetime | None = None
    adopted: bool = False
    withdrawn: str = ""
    peak: float = 0.0
    about: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """How one series of one entity looks now: a cell of the agreement matrix.

    ``verdict`` is one of VERDICT_IDS, ``reason`` one of REASONS. ``since``: start of the first bin of this verdict in a
    row. ``bin``: start of the newest bin that was looked at, ``seen`` of the newest one with data (None: never).
    ``loss``: 0..1 (0 when above normal), None when it cannot be said. ``about``: as of an alert.
    """

    entity: str
    series_id: str
    verdict: str
    reason: str
    since: datetime
    bin: datetime
    seen: datetime | None
    step_s: int
    value: float | None
    baseline: float | None
    score: float | None
    loss: float | None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a book knows at ``end``, the end of a bin: alerts that are open or changed then, and how their series look.
    They go to the book of outages beside those of the detectors."""

    end: datetime
    alerts: tuple[Alert, ...]
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """Many entities of one series dip together: our own measurement is impaired, nobody's network.

    ``drop``: loss of the median entity, 0..1. ``share``: part of the entities that dip, 0..1, out of ``entities``.
    """

    series_id: str
    bin: datetime
    step_s: int
    drop: float
    share: float
    entities: int


@dataclass(frozen=True, slots=True)
class Warmed:
    """Baseline and spread of the last bins of history taken in at once: float32 [entities, bins, width], NaN: not
    known.

    ``start``: first bin of the arrays.
    """

    start: datetime
    baseline: F32
    spread: F32


@dataclass(frozen=True, slots=True)
class Failing:
    """Zones whose queries fail at our resolvers, and the network that would answer them.

    ``network``: its key. ``zones``: the most failures first. ``share``: their part of all failing queries, 0..1.
    ``times``: queries for them against the day before; None: nobody asked enough then.
    """

    network: str
    zones: tuple[str, ...]
    share: float
    times: float | None


@dataclass(slots=True)
class StepResult:
    """One scored bin of one group; arrays are [entities, width] in the order of the call.

    ``baseline``: unit of the signal, what is normal for this bin. ``spread``: robust sigma, in log units for the
    seasonal and flat profiles, in the unit itself for ratio and latency. ``score``: signed robust z, negative is bad.
    NaN in any of the three: cannot be said. ``clean``: the value where it was not affected, else the baseline; NaN =
    no data. Store it and hand it back as ``past``, so that an outage never becomes normal. ``verdict``, ``reason``:
    codes, see VERDICT_IDS and REASONS. ``alerts``: those that are open after this bin or changed in it.
    """

    baseline: F32
    spread: F32
    score: F32
    clean: F32
    verdict: U8
    reason: U8
    alerts: list[Alert] = field(default_factory=list)
    common: tuple[Common, ...] = ()
