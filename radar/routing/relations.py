"""Who is whose customer: AS relationships, and what they say of a path.

A network tells its customers of all routes and its providers and peers only of its customers' routes; a path in which
one told a provider or a peer of what it had from a provider or a peer went through a route leak (RFC 7908, types 1 to
4). Relationships are inferred, not published by the networks, so a violation is a hint and never a proof; and a pair
that is not in the file says nothing.

Form: CAIDA's serial-1 and serial-2 files, lines ``provider|customer|-1`` and ``peer|peer|0`` with an optional fourth
column (where it was inferred from), plain, gzip or bzip2. Licence: CAIDA's Acceptable Use Agreement; the file is not
shipped here: an operator who has it names it in the setting ``relations_file``.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from radar.errors import UpstreamChanged
from radar.routing.packed import Faults, unpack
from radar.schema import Rejected

Relation = Literal["provider", "customer", "peer"]

NAME = "relations_file"

#: Values of the table, seen from the smaller number of a pair.
_PROVIDER, _CUSTOMER, _PEER, _AT_ODDS = 1, 2, 3, 4
_NAMES: dict[int, Relation] = {_PROVIDER: "provider", _CUSTOMER: "customer", _PEER: "peer"}
#: Lines that cannot be used, as a share of all: more, and the file is something else.
_TOLERATED = 0.2
#: The largest network numbers are 32 bits wide; a pair is one number.
_BITS = 32

#: Confederations are inside one network and no hop; a set hides who told whom.
_CONFEDERATION = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SET = re.compile(r"\{[^{}]*\}")


class Leak(NamedTuple):
    """One violation: ``leaker`` had the route from ``learned_from`` and told ``told``; ``kind`` is RFC 7908's type: 1
    provider to provider, 2 peer to peer, 3 provider to peer, 4 peer to provider."""

    leaker: int
    learned_from: int
    told: int
    kind: int


#: (what it learned from is, what it told is) -> type of RFC 7908.
_KINDS = {(_PROVIDER, _PROVIDER): 1, (_PEER, _PEER): 2, (_PROVIDER, _PEER): 3, (_PEER, _PROVIDER): 4}


class Relations:
    """The pairs of one file. ``count``: how many; ``rejected``: lines that were not used, by reason."""

    def __init__(self) -> None:
        self.rejected: tuple[Rejected, ...] = ()
        self._pairs: dict[int, int] = {}
        self._customers: dict[int, int] = {}

    @property
    def count(self) -> int:
        """Number of related pairs."""
        return len(self._pairs)

    @classmethod
    def load(cls, body: bytes) -> Relations:
        """Read a file of relationships.

        A pair that comes twice with different relations is taken for unknown. Raises UpstreamChanged
        (``relations_file: ...``) for a damaged archive, and when more than a fifth of the lines, or all, are of another
        form: names the first.

        Examples
        --------
        >>> relations = Relations.load(b"# inferred\\n3356|64496|-1\\n3356|1299|0|bgp\\n")
        >>> relations.of(64496, 3356), relations.of(1299, 3356), relations.of(1299, 64496)
        ('provider', 'peer', None)
        """
        out = cls()
        faults = Faults()
        lines = unfit = 0
        for number, raw in enumerate(unpack(body, source=NAME).split(b"\n"), 1):
            line = raw.strip()
            if not line or line.startswith(b"#"):
                continue
            lines += 1
            fault = out._take(line)
            if fault:
                faults.add(fault, f"line {number}: {line[:60].decode('utf-8', 'replace')}")
                unfit += fault != _TWICE
        out._pairs = {pair: value for pair, value in out._pairs.items() if value != _AT_ODDS}
        out.rejected = faults.done()
        if not out._pairs or unfit > _TOLERATED * lines:
            first = f", first {out.rejected[0].reason} at {out.rejected[0].example}" if out.rejected else ""
            form = "expected 'provider|customer|-1' or 'peer|peer|0'"
            raise UpstreamChanged(NAME, f"{unfit} of {lines} lines cannot be used{first}; {form}")
        return out

    def _take(self, line: bytes) -> str:
        """Take in one line; says why not."""
        parts = line.split(b"|")
        if len(parts) not in (3, 4) or not (parts[0].isdigit() and parts[1].isdigit()):
            return "not two AS numbers and a relation"
        if len(parts[0]) > 10 or len(parts[1]) > 10:
            return "a number that is no AS number"
        a, b = int(parts[0]), int(parts[1])
        if not (0 < a < 1 << _BITS and 0 < b < 1 << _BITS) or a == b:
            return "a number that is no AS number"
        if parts[2] == b"0":
            value = _PEER
        elif parts[2] == b"-1":
            value = _PROVIDER if b < a else _CUSTOMER  # what the larger number is to the smaller one
        else:
            return "a relation that is neither -1 nor 0"
        pair = a << _BITS | b if a < b else b << _BITS | a
        before = self._pairs.get(pair)
        if before is None:
            self._pairs[pair] = value
            counts = self._customers
            counts[a] = counts.get(a, 0) + (value != _PEER)
            counts.setdefault(b, 0)
        elif before != value:
            self._pairs[pair] = _AT_ODDS
            return _TWICE
        return ""

    def knows(self, asn: int) -> bool:
        """Whether the file says anything of this network."""
        return asn in self._customers

    def customers(self, asn: int) -> int:
        """How many direct customers it has in the file."""
        return self._customers.get(asn, 0)

    def of(self, a: int, b: int) -> Relation | None:
        """What ``b`` is to ``a``: its "provider", "customer" or "peer"; None when the file does not say."""
        return _NAMES.get(self._of(a, b))

    def _of(self, a: int, b: int) -> int:
        if a < b:
            return self._pairs.get(a << _BITS | b, 0)
        found = self._pairs.get(b << _BITS | a, 0)
        return found if found in (0, _PEER) else _PROVIDER + _CUSTOMER - found

    def leak_in(self, path: str) -> Leak | None:
        """The violation nearest to the origin, or None: none, or the relations that would tell are not known.

        ``path`` as in :mod:`radar.routing`: the peer first, the origin last.
        """
        return self.leak_over(hops(path))

    def leak_over(self, way: list[int]) -> Leak | None:
        """As :meth:`leak_in`, of the hops of a path."""
        of = self._of
        for at in range(len(way) - 2, 0, -1):
            learned = of(way[at], way[at + 1])
            if learned in (_PROVIDER, _PEER):
                kind = _KINDS.get((learned, of(way[at], way[at - 1])))
                if kind is not None:
                    return Leak(way[at], way[at + 1], way[at - 1], kind)
        return None


_TWICE = "the pair again with another relation: taken for unknown"


def hops(path: str) -> list[int]:
    """The networks of a path, each once for all its prepending; 0 stands for a set. [] for a text that is no path.

    Examples
    --------
    >>> hops("3333 1299 1299 (65001 65002) 64511 {64512,64513}")
    [3333, 1299, 64511, 0]
    """
    if "{" in path or "(" in path or "[" in path:
        path = _SET.sub(" 0 ", _CONFEDERATION.sub(" ", path))
    way: list[int] = []
    last = -1
    try:
        for word in path.split():
            asn = int(word)
            if asn != last:
                way.append(asn)
                last = asn
    except ValueError:
        return []
    return way
