"""One group of series on its way through the pipeline: which bins came, which are due, one detector step for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from jobs.history import History
from radar.aggregate.bins import Block, bin_end, bin_index, bin_start, fill_absent
from radar.detect import Detector, StepResult, View
from radar.signals import SIGNALS, Group, split
from radar.sources import Source

#: Days for which history keeps ``n``: nothing reads older ones, and they take as much memory as the values.
N_DAYS = 7
#: Days before the clock for which a baseline is shown from the start: what the charts show first.
SHOWN_DAYS = 7.0
#: Bins before the newest scored one that are scored again when their data change.
AGAIN_BINS = 48
#: Entities that are learnt from at once, and bins of a history of which it is so many: what bounds the memory of a long
#: one. Of a shorter history more are taken together, as each bin of a part costs time of its own.
WARM_CHUNK, WARM_BINS = 128, 8064
#: Gaps that are remembered per group, the newest ones.
GAPS_KEPT = 20


@dataclass(slots=True)
class Progress:
    """What must survive a restart, besides the detector's own state. Bins are numbers (``bin_index``)."""

    entities: list[str] = field(default_factory=list)
    next_bin: int | None = None
    oldest_bin: int | None = None
    newest_bin: int | None = None
    simulated: bool = False
    rows: int = 0
    late: int = 0
    gaps: list[list[int]] = field(default_factory=list)  # [first, last] bins in which no entity had a value


class GroupRun:
    """Feeds one detector, bin after bin, from a history.

    Not for two writers: the pipeline's lock sees to that.
    """

    def __init__(self, group: Group, source: Source, history: History, detector: Detector, progress: Progress) -> None:
        self.group = group
        self.source = source
        self.history = history
        self.detector = detector
        self.progress = progress
        self._known = set(progress.entities)
        self._again: set[int] = set()
        #: Whether what this process took in has been published at least once.
        self.published = False
        #: Where a recorded set ends: what comes after it is no silence of its source.
        self.last_bin: int | None = None
        self._absent_slots = [i for i, s in enumerate(group.series) if split(s)[0] in source.absent_is_zero]
        self._scored = any(_profile(series) != "none" for series in group.series)

    @property
    def simulated_series(self) -> set[str]:
        """Series ids whose data are simulated."""
        return set(self.group.series) if self.progress.simulated else set()

    def take(self, block: Block, *, simulated: bool) -> None:
        """Put observed bins into the history. Bins that were scored already and have changed are counted as late; the
        newest of them are scored again, so that an outage which revised data disprove is taken back in public."""
        self._put(fill_absent(block, self.progress.entities, self._absent_slots), simulated=simulated)

    def _put(self, block: Block, *, simulated: bool, fresh: bool = False) -> None:
        progress = self.progress
        changed = self.history.put(block, fresh=fresh)
        for key in block.entities:
            if key not in self._known:
                self._known.add(key)
                progress.entities.append(key)
        first = bin_index(self.group.grain_s, block.start)
        last = first + block.bins - 1
        if progress.next_bin is None:
            progress.next_bin = first
        late = [first + i for i in changed if first + i < progress.next_bin]
        progress.late += len(late)
        # A process that died may have stored a revision and not yet scored it: until this one has published, every
        # bin that comes again counts as revised.
        again = late if self.published else [first + i for i in range(block.bins) if first + i < progress.next_bin]
        self._again.update(number for number in again if number >= progress.next_bin - AGAIN_BINS)
        progress.oldest_bin = first if progress.oldest_bin is None else min(progress.oldest_bin, first)
        progress.newest_bin = last if progress.newest_bin is None else max(progress.newest_bin, last)
        progress.rows += int(np.count_nonzero(~np.isnan(block.value)))
        progress.simulated |= simulated

    def warm(self, block: Block, *, simulated: bool) -> None:
        """Take in history as already past: stored, learnt from, never alerted on. ``block`` ends before the clock.

        The baseline of its last days is stored as well, so that charts have a band from the first moment on. Absent
        rows are not read as zero here: history says itself where nothing came.
        """
        recent = round(N_DAYS * 86400 / self.group.grain_s)
        block.n[:, :-recent] = np.nan
        self._put(block, simulated=simulated, fresh=self._known.isdisjoint(block.entities))
        self.progress.next_bin = bin_index(self.group.grain_s, block.start) + block.bins
        self.progress.late = 0
        self._again.clear()
        if not self._scored:
            return
        size = max(WARM_CHUNK, WARM_CHUNK * WARM_BINS // max(1, block.bins))
        for at in range(0, len(block.entities), size):
            names = block.entities[at : at + size]
            warmed = self.detector.warm(block.start, names, block.value[at : at + size], days=SHOWN_DAYS)
            self.history.put_aspect("baseline", names, warmed.start, warmed.baseline)
            self.history.put_aspect("spread", names, warmed.start, warmed.spread)

    def begin(self, number: int) -> None:
        """Score from this bin on; what lies before it is history, and nothing of that is late."""
        self.progress.next_bin, self.progress.late = number, 0
        self._again.clear()

    def due(self, now: datetime, settle: timedelta) -> list[datetime]:
        """Starts of the bins that can be scored now, oldest first.

        A bin is due once it has ended, ``settle`` has passed, and either a value of it or of a later bin has come or
        the source has been silent for twice its usual lag: from then on silence itself is the observation.
        """
        progress = self.progress
        if progress.next_bin is None or progress.newest_bin is None or not self._scored:
            return []
        grain = self.group.grain_s
        patience = max(timedelta(seconds=2 * self.source.lag_s), timedelta(seconds=2 * grain))
        found = [bin_start(grain, number) for number in sorted(self._again)]
        number = progress.next_bin
        while self.last_bin is None or number <= self.last_bin:
            start = bin_start(grain, number)
            end = bin_end(grain, start)
            heard = number <= progress.newest_bin
            if end + (settle if heard else patience) > now:
                break
            found.append(start)
            number += 1
        return found

    def step(self, t: datetime) -> StepResult:
        """Score one bin and keep what came of it."""
        progress = self.progress
        entities = progress.entities
        values, n = self.history.observed(entities, t)
        if np.isnan(values).all():
            self._gap(bin_index(self.group.grain_s, t))
        past = self.history.past(entities, t, self.detector.lookback_at(t, entities))
        result = self.detector.step(t, entities, values, n, past)
        self.history.keep("baseline", entities, t, result.baseline)
        self.history.keep("spread", entities, t, result.spread)
        self.history.keep("score", entities, t, result.score)
        changed = np.where(result.clean == values, np.float32(np.nan), result.clean)
        hit = np.logical_not(np.isnan(changed)).any(axis=1)
        if hit.any():
            rows = np.flatnonzero(hit)
            self.history.keep("clean", [entities[i] for i in rows], t, changed[rows])
        number = bin_index(self.group.grain_s, t)
        self._again.discard(number)
        progress.next_bin = max(progress.next_bin or 0, number + 1)
        return result

    def views(self, entities: set[str]) -> list[View]:
        """Every series of these entities that ever had data, as the detector sees it now."""
        return self.detector.views(sorted(entities & self._known)) if self._scored else []

    def dump(self) -> dict[str, Any]:
        """The progress as plain JSON."""
        p = self.progress
        return {name: getattr(p, name) for name in Progress.__dataclass_fields__}

    def _gap(self, number: int) -> None:
        gaps = self.progress.gaps
        if gaps and gaps[-1][1] == number - 1:
            gaps[-1][1] = number
        else:
            gaps.append([number, number])
            del gaps[:-GAPS_KEPT]


def _profile(series: str) -> str:
    return SIGNALS[split(series)[0]].profile
