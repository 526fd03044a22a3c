"""Whose view counts: peers that are connected, heard of, known as a whole, and carry a full table.

What a full table is changes from year to year, so it is a share of what the peers with the largest tables carry now,
never a constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from radar.routing.cells import Half, Peer
from radar.routing.table import Table

State = Literal["live", "silent", "down", "unsynced"]

#: A peer of which nothing was heard for this long leaves the quorum, in seconds; full-feed peers speak every second.
SILENT_S = 360.0
#: A full feed carries at least this share of the reference table.
FULL_SHARE = 0.75
#: The reference is the largest table that so many peers have: one peer with a strange table must not set it.
REFERENCE_PEERS = 3


@dataclass(frozen=True, slots=True)
class Member:
    """One peer as the quorum sees it. ``prefixes``: routes it has, IPv4 and IPv6. ``full``: does it count in each?"""

    peer: Peer
    state: State
    prefixes: tuple[int, int]
    full: tuple[bool, bool]


def state_of(peer: Peer, now: float) -> State:
    """How a peer is at ``now`` (seconds)."""
    if peer.down:
        return "down"
    if not peer.synced:
        return "unsynced"
    return "live" if now - peer.heard <= SILENT_S else "silent"


def members(table: Table, now: float) -> list[Member]:
    """Every peer, in the order in which they were first heard."""
    peers = list(table.peers.values())
    states = [state_of(peer, now) for peer in peers]
    counts = [[table.routes(half, peer) for peer in peers] for half in table.halves]
    bounds = [_bound([c for c, state in zip(column, states, strict=True) if state == "live"]) for column in counts]
    return [
        Member(
            peer,
            state,
            (counts[0][i], counts[1][i]),
            (
                state == "live" and 0 < bounds[0] <= counts[0][i],
                state == "live" and 0 < bounds[1] <= counts[1][i],
            ),
        )
        for i, (peer, state) in enumerate(zip(peers, states, strict=True))
    ]


def _bound(counts: list[int]) -> float:
    """Fewest prefixes of a full feed; 0 where nobody carries any."""
    largest = sorted(counts, reverse=True)[:REFERENCE_PEERS]
    return FULL_SHARE * largest[-1] if largest else 0.0


def full_feed(half: Half, found: list[Member]) -> list[Peer]:
    """The peers that form the quorum of one address family."""
    return [member.peer for member in found if member.full[half.family == 6]]
