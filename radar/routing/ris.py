"""RIS Live messages to elements.

Upstream: https://ris-live.ripe.net/manual/ (JSON, one message a line or a websocket frame). Read: UPDATE
(announcements, withdrawals) and RIS_PEER_STATE of ``ris_message``; OPEN, NOTIFICATION and KEEPALIVE carry no routes
and are counted.
``ris_error`` is what upstream says went wrong with our subscription.

The peer of an element is "collector|address", as one stream speaks of many collectors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from radar.routing import Element

#: A message longer than this is none of RIS Live's: an UPDATE is at most 4 KiB (64 KiB extended) of BGP.
LONGEST = 1 << 20
#: Ids of messages that are remembered, so that one that comes twice is taken once.
_REMEMBERED = 200_000


@dataclass(slots=True)
class Tally:
    """What messages held, added up. ``rejected``: reason -> count, ``examples``: reason -> the first one."""

    messages: int = 0
    updates: int = 0
    announcements: int = 0
    withdrawals: int = 0
    states: int = 0
    other: int = 0
    twice: int = 0
    errors: list[str] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def reject(self, reason: str, example: str) -> None:
        """Count something that could not be used."""
        self.rejected[reason] += 1
        self.examples.setdefault(reason, example[:120])

    def notes(self) -> dict[str, int]:
        """As the notes of an answer."""
        return {"messages": self.messages, "announcements": self.announcements, "withdrawals": self.withdrawals,
                "states": self.states, "messages_twice": self.twice}  # fmt: skip


class Reader:
    """Turns messages into elements; remembers the newest ids."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._new: set[str] = set()
        self._old: set[str] = set()

    def elements(self, lines: Iterable[bytes]) -> list[Element]:
        """The elements of these messages, in their order. Never raises: what cannot be read is counted."""
        out: list[Element] = []
        tally, loads = self.tally, orjson.loads
        add = out.append
        for line in lines:
            if not line:
                continue
            tally.messages += 1
            if len(line) > LONGEST:
                tally.reject("a message longer than 1 MiB", f"{len(line)} bytes")
                continue
            try:
                message = loads(line)
                data = message["data"]
                if message["type"] != "ris_message":
                    self._control(message, data)
                    continue
                kind = data["type"]
                name = f"{data['host'].partition('.')[0]}|{data['peer']}"
                time = float(data["timestamp"])
                asn = int(data["peer_asn"])
                if not 0.0 < time < 4e9:  # false for NaN too
                    raise ValueError(f"timestamp {time}")
                if kind == "UPDATE":
                    if self._twice(data.get("id")):
                        continue
                    tally.updates += 1
                    prefixes = data.get("withdrawals")
                    if prefixes:
                        tally.withdrawals += len(prefixes)
                        for prefix in prefixes:
                            if type(prefix) is not str:
                                raise TypeError(f"withdrawal {prefix!r}")
                            add((time, name, asn, "W", prefix, None))
                    announcements = data.get("announcements")
                    if announcements:
                        path = data["path"]
                        text = " ".join(map(_hop, path))
                        for one in announcements:
                            prefixes = one["prefixes"]
                            tally.announcements += len(prefixes)
                            for prefix in prefixes:
                                if type(prefix) is not str:
                                    raise TypeError(f"announcement {prefix!r}")
                                add((time, name, asn, "A", prefix, text))
                elif kind == "RIS_PEER_STATE":
                    tally.states += 1
                    state = data["state"]
                    add((time, name, asn, "S", "down" if state == "down" else "up", None))
                else:
                    tally.other += 1
            except orjson.JSONDecodeError as error:
                tally.reject("no JSON", f"{error.msg} at column {error.colno}")
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                tally.reject("not in the form of RIS Live", f"{type(error).__name__}: {error}")
        return out

    def _control(self, message: dict[str, Any], data: Any) -> None:
        self.tally.other += 1
        if message["type"] == "ris_error":
            text = str(data.get("message", "") if isinstance(data, dict) else data)[:200]
            if len(self.tally.errors) < 20:
                self.tally.errors.append(text)

    def _twice(self, id: Any) -> bool:
        """Whether a message with this id came before; of the newest 200,000 at least."""
        if type(id) is not str:
            return False
        if id in self._new or id in self._old:
            self.tally.twice += 1
            return True
        self._new.add(id)
        if len(self._new) >= _REMEMBERED:
            self._old, self._new = self._new, set()
        return False


def _hop(hop: Any) -> str:
    """One step of a path as text; a list is a set."""
    if type(hop) is int:
        return str(hop)
    if type(hop) is list and all(type(one) is int for one in hop):
        return "{" + ",".join(map(str, hop)) + "}"
    raise TypeError(f"path with {hop!r}")
