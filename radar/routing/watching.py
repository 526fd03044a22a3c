"""What both watches need: peers as bits of a number, and what has been so for days and is therefore no news."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: More route collectors' peers than there are.
MAX_PEERS = 8192
#: What was seen on so many days is usual.
USUAL_DAYS = 7
#: What was not seen for so many days is forgotten.
FORGOTTEN_DAYS = 60
#: Bound of what is kept in mind; the oldest goes first.
MAX_HABITS = 200_000

DAY_S = 86_400


class Peers:
    """Peers numbered as they come, so that a set of them is one integer: 300 peers take 40 bytes."""

    def __init__(self) -> None:
        self.bits: dict[str, int] = {}
        self._networks: list[int] = []

    def bit(self, peer: str, peer_as: int) -> int:
        """The bit of a peer, given when it is first heard; 0 when there are more peers than there can be."""
        bit = self.bits.get(peer)
        if bit is None:
            if len(self._networks) >= MAX_PEERS:
                return 0
            bit = self.bits[peer] = 1 << len(self._networks)
            self._networks.append(peer_as)
        return bit

    def mask(self, peers: Iterable[str]) -> int:
        """These peers as one number; those never heard have no bit."""
        mask = 0
        for peer in peers:
            mask |= self.bits.get(peer, 0)
        return mask

    def networks(self, mask: int) -> int:
        """How many different networks the peers of a mask are: one network may have sessions with many collectors."""
        found = set()
        while mask:
            low = mask & -mask
            found.add(self._networks[low.bit_length() - 1])
            mask ^= low
        return len(found)

    def plain(self) -> list[list[Any]]:
        """As JSON: [peer, AS number] in the order of bits."""
        return [[peer, asn] for peer, asn in zip(self.bits, self._networks, strict=True)]

    @classmethod
    def from_plain(cls, rows: list[list[Any]]) -> Peers:
        """The inverse of :meth:`plain`."""
        out = cls()
        for peer, asn in rows:
            out.bit(str(peer), int(asn))
        return out


class Usual:
    """On how many days something was seen. ``dropped``: what was forgotten for want of room."""

    def __init__(self, *, room: int = MAX_HABITS) -> None:
        self.dropped = 0
        self._room = room
        self._days: dict[str, tuple[int, int]] = {}  # key -> (days on which it was seen, the last of them)

    def note(self, key: str, time: float) -> bool:
        """It was seen at ``time``; returns whether that is usual by now."""
        day = int(time // DAY_S)
        days, last = self._days.get(key, (0, -1))
        if day - last > FORGOTTEN_DAYS:
            days = 0
        if day > last:
            self._put(key, days + 1, day)
        return days + (day > last) >= USUAL_DAYS

    def days(self, key: str) -> int:
        """On how many days it was seen so far."""
        return self._days.get(key, (0, -1))[0]

    def settle(self, key: str, time: float) -> None:
        """Take it for usual at once: it was so when we began to look."""
        self._put(key, USUAL_DAYS, int(time // DAY_S))

    def _put(self, key: str, days: int, day: int) -> None:
        self._days.pop(key, None)  # the newest are last
        self._days[key] = (days, day)
        if len(self._days) > self._room:
            del self._days[next(iter(self._days))]
            self.dropped += 1

    def plain(self) -> list[list[Any]]:
        """As JSON: [key, days, last day], the oldest first."""
        return [[key, days, last] for key, (days, last) in self._days.items()]

    def fill(self, rows: list[list[Any]]) -> None:
        """Take in what :meth:`plain` gave."""
        for key, days, last in rows:
            self._put(str(key), int(days), int(last))
