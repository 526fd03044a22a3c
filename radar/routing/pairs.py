"""A prefix with an origin that it never had: what it is, and why most of them are no news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from radar.routing.owners import alike
from radar.routing.relations import Relations
from radar.routing.reserved import is_reserved_as, why_not_routed
from radar.routing.rpki import Validity, Vrps
from radar.routing.watching import Usual

#: A prefix with so many origins before is announced from many places on purpose.
ANYCAST = 3


@dataclass(slots=True)
class Pair:
    """A prefix with an origin that it never had. ``seen``: the peers that showed it, as bits."""

    prefix: str
    origin: int
    kind: str
    expected: tuple[int, ...]
    covering: str
    rpki: Validity
    holder: int
    first: float
    last: float
    path: str
    seen: int = 0
    event: str = ""
    dirty: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "seen": f"{self.seen:x}"}

    @classmethod
    def from_plain(cls, row: dict[str, Any]) -> Pair:
        """The inverse of :meth:`plain`."""
        return cls(**{**row, "expected": tuple(row["expected"]), "seen": int(row["seen"], 16)})


#: prefix -> origin -> a pair that is looked at, or the reason why it is passed over
Watched = dict[str, dict[int, Pair | str]]
NONE: Mapping[Any, Any] = {}


class Reasons:
    """Why a pair is passed over. ``vrps`` and ``relations`` are None where the operator has no such file."""

    def __init__(self, vrps: Vrps | None, relations: Relations | None) -> None:
        self.vrps, self.relations = vrps, relations
        self.usual = Usual()

    def against(self, pair: Pair, time: float, watched: Watched) -> str:
        """The reason; "" when the pair is to be looked at. Fills in what the RPKI says of it."""
        origin, expected = pair.origin, pair.expected
        if is_reserved_as(origin) or all(map(is_reserved_as, expected)):
            return "reserved AS number"
        reason = why_not_routed(pair.prefix)
        if reason:
            return f"prefix {reason}" if reason.startswith("too") else reason
        if self.usual.note(f"{pair.prefix} {origin}", time):
            return "usual"
        if len(expected) >= ANYCAST:
            return "many origins"
        if _defends(pair, watched):
            return "the holder itself"
        if self.related(pair):
            return "related"
        self.validate(pair, time)
        return "rpki valid" if pair.rpki == "valid" else ""

    def related(self, pair: Pair) -> bool:
        """Has the new origin a contract, or one owner, with a network that held the prefix?"""
        of = self.relations.of if self.relations is not None else None
        return any(
            alike(pair.origin, asn) == "same" or (of is not None and of(pair.origin, asn) in ("provider", "customer"))
            for asn in pair.expected
        )

    def validate(self, pair: Pair, time: float) -> None:
        """Ask the RPKI about the new origin and, when that is invalid, about those that held the prefix before."""
        vrps = self.vrps
        pair.rpki, pair.holder = "unknown", 0
        if vrps is None or not vrps.speaks_of(time):
            return
        pair.rpki = vrps.validate(pair.prefix, pair.origin)
        if pair.rpki == "invalid":
            asked = pair.covering or pair.prefix
            pair.holder = next((asn for asn in pair.expected if vrps.validate(asked, asn) == "valid"), 0)


def _defends(pair: Pair, watched: Watched) -> bool:
    """Does the holder announce what a suspect announced before it?"""
    for prefix in filter(None, (pair.prefix, pair.covering)):
        for asn in pair.expected:
            other = watched.get(prefix, NONE).get(asn)
            if isinstance(other, Pair) and pair.origin in other.expected:
                return True
    return False
