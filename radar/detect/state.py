"""The detector's memory: packed arrays, one place per (entity, slot), that grow with the entities and survive a
restart.

``dump`` is deterministic: the same steps give the same bytes. Form: a line of JSON (shapes, entities, scalars), a
newline, then the arrays one after the other as they lie in memory.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

#: Changes whenever the arrays do. Memory of an older form is read; what it lacks begins as if nothing had been seen.
VERSION = 4
ADDED = {1: ("anchor", "jump", "doubt", "slide"), 2: ("jump", "doubt", "slide"), 3: ("slide",)}

#: Days of daily means that the slow rule keeps.
SLOW_DAYS = 91

#: name -> (dtype, first value, leading axis: "" none, "M" windows, "J" all but the longest of them where
#: sudden falls are looked for, "R" newest bins, "D" days)
FIELDS: dict[str, tuple[str, float, str]] = {
    "first": ("<i4", -1, ""),  # bin of the first value ever; -1: none yet
    "seen": ("<i4", -1, ""),  # newest bin with a value
    "level": ("<f4", 0.0, ""),  # log of how far the series runs above its baseline
    "anchor": ("<f4", 0.0, ""),  # where the level stands in the long run: it may only move about it
    "samples": ("<i4", 0, ""),  # residuals learnt from
    "noise": ("<f4", -2.7, "M"),  # log of the median absolute residual; starts at ln .067, a spread of .1
    "poisson": ("<f4", 0.0, "M"),  # usual 1 / (expected + 1)
    "jump": ("<f4", -2.7, "J"),  # log of the usual distance of a window from the hour before it
    "slide": ("<f4", -2.7, ""),  # log of the usual distance of an hour from where the level rests
    "doubt": ("<f4", 0.0, ""),  # usual doubt of the last hours about the baseline
    "ring_x": ("<f4", 0.0, "R"),  # newest values, 0 where none
    "ring_mu": ("<f4", 0.0, "R"),  # what was expected of them, 0 where there is no value
    "bad": ("<i2", 0, ""),  # bins in a row that fire
    "strong": ("<i2", 0, ""),
    "calm": ("<i2", 0, ""),
    "state": ("<u1", 0, ""),  # 0 no alert, 1 shallow, 2 open
    "verdict": ("<u1", 0, ""),
    "reason": ("<u1", 2, ""),
    "since": ("<i4", -1, ""),  # bin at which this verdict began
    "value": ("<f4", np.nan, ""),
    "base": ("<f4", np.nan, ""),
    "score": ("<f4", np.nan, ""),
    "lost": ("<f4", np.nan, ""),
    "day_sum": ("<f4", 0.0, ""),
    "day_bins": ("<i4", 0, ""),
    "days": ("<f4", np.nan, "D"),  # daily means as they came
    "clean_days": ("<f4", np.nan, "D"),  # the same, with affected days replaced by what was normal
    "slow": ("<u1", 0, ""),  # 1: a slow degradation is open
}


class State:
    """Arrays by name as attributes, shapes [E, W] or [lead, E, W]. ``newest``: the newest stepped bin, -1 before."""

    first: Array
    seen: Array
    level: Array
    anchor: Array
    samples: Array
    noise: Array
    poisson: Array
    jump: Array
    slide: Array
    doubt: Array
    ring_x: Array
    ring_mu: Array
    bad: Array
    strong: Array
    calm: Array
    state: Array
    verdict: Array
    reason: Array
    since: Array
    value: Array
    base: Array
    score: Array
    lost: Array
    day_sum: Array
    day_bins: Array
    days: Array
    clean_days: Array
    slow: Array

    def __init__(self, width: int, windows: int, jumps: int, ring: int, slow: bool) -> None:
        self.width = width
        self.lead = {"M": windows, "J": jumps, "R": ring, "D": SLOW_DAYS if slow else 0}
        self.entities: list[str] = []
        self.rows: dict[str, int] = {}
        self.newest = -1
        self.day = -1
        for name, (dtype, first, lead) in FIELDS.items():
            setattr(self, name, np.full(self._shape(lead, 0), first, dtype))

    def _shape(self, lead: str, entities: int) -> tuple[int, ...]:
        return (self.lead[lead], entities, self.width) if lead else (entities, self.width)

    def grow(self, entities: list[str]) -> None:
        """Make room for entities not yet known, in the order given. Raises ValueError for one named twice."""
        fresh = [key for key in entities if key not in self.rows]
        if len(set(fresh)) != len(fresh):
            raise ValueError(f"an entity is named twice among {len(entities)}; expected each once")
        if not fresh:
            return
        for key in fresh:
            self.rows[key] = len(self.rows)
        self.entities = self.entities + fresh
        for name, (dtype, first, lead) in FIELDS.items():
            more = np.full(self._shape(lead, len(fresh)), first, dtype)
            setattr(self, name, np.concatenate((getattr(self, name), more), axis=1 if lead else 0))

    def widen(self, lead: dict[str, int]) -> None:
        """Make room for more or longer windows than this memory knows: new ones begin with the longest one's noise, and
        the sums begin anew."""
        if lead["M"] < self.lead["M"] or lead["R"] < self.lead["R"] or lead["D"] != self.lead["D"]:
            return
        before, self.lead = self.lead, dict(lead)
        for name, (dtype, first, axis) in FIELDS.items():
            if axis == "M" and lead["M"] > before["M"]:
                array = getattr(self, name)
                more = np.repeat(array[-1:], lead["M"] - before["M"], axis=0)
                setattr(self, name, np.concatenate((array, more)))
            elif (axis == "R" and lead["M"] > before["M"]) or (axis == "J" and lead["J"] != before["J"]):
                setattr(self, name, np.full(self._shape(axis, len(self.entities)), first, dtype))

    def new_doubt(self, doubt: Array) -> Array:
        """How much more than in the last hours the baseline is in doubt: its own jump is nobody's. Remembers it."""
        more: Array = np.maximum(doubt - self.doubt, np.float32(0.0))
        self.doubt += (doubt - self.doubt) * np.float32(1.0 / max(1, self.lead["R"]))
        return more

    def clear_ring(self, skipped: range) -> None:
        """Forget the places of bins that were never stepped."""
        places = sorted({number % self.lead["R"] for number in skipped})
        if places:
            self.ring_x[places] = 0.0
            self.ring_mu[places] = 0.0

    def dump(self, extra: dict[str, Any]) -> bytes:
        """All of it as bytes; ``extra`` is JSON that comes back from :meth:`load`."""
        head = {
            "version": VERSION,
            "width": self.width,
            "lead": self.lead,
            "newest": self.newest,
            "day": self.day,
            "entities": self.entities,
            "extra": extra,
        }
        text = json.dumps(head, separators=(",", ":"), sort_keys=True)
        return b"".join([text.encode(), b"\n", *(np.ascontiguousarray(getattr(self, f)).tobytes() for f in FIELDS)])

    @classmethod
    def load(cls, blob: bytes) -> tuple[State, dict[str, Any]]:
        """Read what :meth:`dump` wrote. Raises ValueError for bytes of another form or length."""
        line, newline, body = blob.partition(b"\n")
        head = json.loads(line)
        if not newline or (head.get("version") != VERSION and head.get("version") not in ADDED):
            raise ValueError(f"detector memory of version {head.get('version')}; expected {VERSION}")
        lead = head["lead"]
        self = cls(head["width"], lead["M"], lead.get("J", 0), lead["R"], bool(lead["D"]))
        self.entities = head["entities"]
        self.rows = {key: i for i, key in enumerate(self.entities)}
        self.newest, self.day = head["newest"], head["day"]
        at = 0
        missing = ADDED.get(head["version"], ())
        for name, (dtype, first, lead) in FIELDS.items():
            if name in missing:
                setattr(self, name, np.full(self._shape(lead, len(self.entities)), first, dtype))
                continue
            shape = self._shape(lead, len(self.entities))
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            if at + size > len(body):
                raise ValueError(f"detector memory ends within {name}: {len(body)} bytes")
            setattr(self, name, np.frombuffer(body, dtype, size // np.dtype(dtype).itemsize, at).reshape(shape).copy())
            at += size
        if at != len(body):
            raise ValueError(f"detector memory has {len(body)} bytes; expected {at}")
        return self, head["extra"]
