"""What the routing table is made of: peers with their cells, and the prefixes of one address family."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any

#: Room in a peer's cells grows by so many prefixes.
STEP = 65_536


class Sparse(dict[int, int]):
    """The cells of a peer with few routes: most sessions carry a handful, and a byte for each prefix would be waste."""

    def __missing__(self, pid: int) -> int:
        return 0


Cells = bytearray | Sparse


@dataclass(slots=True)
class Peer:
    """One BGP session. ``cells``: the code of each prefix, IPv4 and IPv6. ``synced``: its whole table is known, from a
    dump or from a session that began while we listened. ``dump``: time of the dump that it was last read from.
    ``ways``: over which networks each route runs, IPv4 and IPv6 (:mod:`radar.routing.ways`); None: not kept."""

    key: str  # "collector|address": what tells peers apart
    asn: int
    cells: list[Cells]
    heard: float = 0.0
    down: bool = False
    synced: bool = False
    dump: float = 0.0
    ways: list[Any] = field(default_factory=lambda: [None, None])

    @property
    def collector(self) -> str:
        """The route collector that it speaks to; "" where it is not known."""
        return self.key.partition("|")[0]

    @property
    def address(self) -> str:
        """The router's address."""
        return self.key.partition("|")[2]


@dataclass(slots=True)
class Half:
    """Prefixes of one address family. A prefix's number is its place in all of these.

    ``origin``: number of its first origin network; ``more``: further ones, whose codes are 2, 3, ...
    ``young``: codes that the prefix did not have before, with the time. ``fresh``: new prefixes inside another one.
    The logs hold a prefix number for each announcement, withdrawal and change of origin of the running bin.
    """

    family: int
    ids: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    origin: array[int] = field(default_factory=lambda: array("I"))
    start: array[int] = field(default_factory=lambda: array("q"))
    end: array[int] = field(default_factory=lambda: array("q"))
    more: dict[int, list[int]] = field(default_factory=dict)
    young: dict[int, dict[int, float]] = field(default_factory=dict)
    fresh: dict[int, tuple[float, str, tuple[int, ...]]] = field(default_factory=dict)
    announced: array[int] = field(default_factory=lambda: array("I"))
    withdrawn: array[int] = field(default_factory=lambda: array("I"))
    changed: array[int] = field(default_factory=lambda: array("I"))
    room: int = STEP

    def origins(self, pid: int) -> tuple[int, ...]:
        """Numbers of the networks that announce the prefix, or did, in the order of their codes."""
        return (self.origin[pid], *self.more.get(pid, ()))

    def clear_logs(self) -> None:
        """Begin a new bin."""
        for log in (self.announced, self.withdrawn, self.changed):
            del log[:]
