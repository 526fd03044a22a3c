"""What reading an MRT file came to, in counts: nothing that the file held is lost silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from radar.routing import Element

#: Sessions and prefixes that are told apart; a file with more of them is damaged, or was made to fill memory.
MOST_PEERS, MOST_PREFIXES = 1 << 16, 1 << 22


@dataclass(slots=True)
class Tally:
    """Counts of one file or of several. They grow while the file is read.

    ``records``: whole MRT records. ``end_of_rib``: updates that say that all was told (RFC 4724). ``add_path``:
    elements of sessions with several paths for a prefix. ``multicast``: announcements, withdrawals and entries of
    multicast tables, which are counted as such too, but are elements only where they were asked for. ``peers``:
    (address, AS number) of every session that spoke, at most 65,536. ``prefixes``: None: not told apart; else every
    prefix, at most 4,194,304. ``passed_over``: records, or fields of updates, that are of no use here, by what they
    are. ``rejected``: records that are broken, by reason: how many, and where the first is. ``cut_short``: why the
    file could not be read to its end; empty when it could.
    """

    records: int = 0
    announcements: int = 0
    withdrawals: int = 0
    states: int = 0
    rib_entries: int = 0
    end_of_rib: int = 0
    add_path: int = 0
    multicast: int = 0
    peers: set[tuple[str, int]] = field(default_factory=set)
    prefixes: set[str] | None = None
    passed_over: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, tuple[int, str]] = field(default_factory=dict)
    cut_short: str = ""

    def reject(self, reason: str, place: str) -> None:
        """Count one broken record; the first place of a reason is kept."""
        count, first = self.rejected.get(reason, (0, place))
        self.rejected[reason] = (count + 1, first)

    def saw(self, peer: str, asn: int) -> None:
        """Count a session."""
        if len(self.peers) < MOST_PEERS:
            self.peers.add((peer, asn))

    def saw_prefixes(self, elements: Iterable[Element]) -> None:
        """Count the prefixes of elements, where they are to be told apart."""
        if self.prefixes is not None and len(self.prefixes) < MOST_PREFIXES:
            self.prefixes.update(element[4] for element in elements if element[3] != "S")

    def saw_multicast(self, kind: str, prefixes: Iterable[str]) -> None:
        """Count prefixes of multicast tables that are no elements."""
        texts = list(prefixes)
        self.multicast += len(texts)
        if kind == "A":
            self.announcements += len(texts)
        elif kind == "W":
            self.withdrawals += len(texts)
        else:
            self.rib_entries += len(texts)
        if self.prefixes is not None and len(self.prefixes) < MOST_PREFIXES:
            self.prefixes.update(texts)
