"""Our own faults: which series they make suspect, and since when. What dips together is found in ``common.py``.

Shapes: E entities, W slots. A fault that lasts is learnt as the new level, or nothing could ever be judged again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from radar.detect.score import B2
from radar.detect.state import State
from radar.signals import Group

#: A fault of our own that lasts so long becomes the new level; one that paused longer than this was over.
FAULT_S, FAULT_OVER_S = 3 * 3600, 3600


class OwnFaults:
    """``spans``: first and newest bin of our own fault, by slot; -1: none."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self.spans = [[-1, -1] for _ in range(group.width)]

    def look(self, number: int, impaired: Mapping[int, object], state: State) -> tuple[B2, B2]:
        """All slots of a source are suspect in a bin in which one of them is impaired: [1, W], and those that have been
        so for hours. Takes the bin out of the sums of those."""
        mask = np.zeros((1, self._group.width), bool)
        lasting = np.zeros_like(mask)
        if impaired:
            sources = {self._group.series[slot].partition("@")[2] for slot in impaired}
            for slot, series in enumerate(self._group.series):
                mask[0, slot] = series.partition("@")[2] in sources
            place = number % state.lead["R"]
            state.ring_x[place, :, mask[0]] = 0.0
            state.ring_mu[place, :, mask[0]] = 0.0
        for slot, span in enumerate(self.spans):
            if mask[0, slot]:
                span[:] = span[0] if span[0] >= 0 else number, number
                lasting[0, slot] = (number - span[0]) * self._group.grain_s >= FAULT_S
            elif span[1] >= 0 and (number - span[1]) * self._group.grain_s > FAULT_OVER_S:
                span[:] = -1, -1
        return mask, lasting
