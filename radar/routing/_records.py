"""MRT records (RFC 6396, RFC 8050) to elements, many of them at a time.

``Reader.take`` is where the time goes. Of a step's records, those that are updates of the plainest form (ORIGIN and
AS_PATH lead the attributes, no IPv4 prefix is withdrawn) are found at once by :mod:`radar.routing._scan` and
read in place; all others go through the same steps one by one.
"""

from __future__ import annotations

import gc
import struct
from bisect import bisect_left
from collections.abc import Callable
from functools import partial

from radar.routing import Element
from radar.routing._attributes import SIMPLE, Paths, Sound
from radar.routing._messages import Batch, Session, announced6, ends, message, state
from radar.routing._prefixes import STEP4, Broken, Prefixes6
from radar.routing._scan import BGP4MP, BGP4MP_ET, HEADER, PADDING, PLAIN4, frames, scan
from radar.routing._tables import Tables
from radar.routing._tally import Tally

TABLE_DUMP, TABLE_DUMP_V2 = 12, 13

#: Message subtypes of BGP4MP: octets of an AS number, and are there several paths per prefix?
_MESSAGES = {1: (2, False), 4: (4, False), 6: (2, False), 7: (4, False),
             8: (2, True), 9: (4, True), 10: (2, True), 11: (4, True)}  # fmt: skip
_STATE_CHANGES = {0: 2, 5: 4}
#: Those that the collector sent to its peer: they say nothing of the peer's table.
_SENT = frozenset({6, 7, 10, 11})

#: What records are called that are passed over.
_NAMES = {
    **dict.fromkeys(range(5), "control records"),
    **dict.fromkeys(range(5, 11), "records of deprecated types"),
    11: "OSPFv2 records",
    **dict.fromkeys((32, 33), "IS-IS records"),
    **dict.fromkeys((48, 49), "OSPFv3 records"),
}

#: Sessions that are remembered.
_SESSIONS = 1 << 14

#: Reads a record of a table: (data, begin of its body, its end, time, elements).
_Handler = Callable[[bytes, int, int, float, list[Element]], None]


class Reader:
    """Reads records of up to ``most`` bytes and counts into the tally. What it remembers has a limit."""

    def __init__(self, tally: Tally, most: int, *, everything: bool) -> None:
        self.tally = tally
        self._most = most
        self._everything = everything
        self._batch = Batch(multicast=everything)
        self._paths = {2: Paths(2), 4: Paths(4)}
        self._prefixes6 = Prefixes6()
        self._sound = Sound((b"",))
        #: Known by AS numbers and addresses of both ends, whose length tells the form, and by the paths per prefix.
        self._sessions: dict[bool, dict[bytes, Session]] = {False: {}, True: {}}
        self._tables = tables = Tables(tally, self._paths, self._prefixes6, self._sound)
        self._handlers: dict[int, _Handler] = {
            TABLE_DUMP << 16 | 1: tables.dump4,
            TABLE_DUMP << 16 | 2: tables.dump6,
            TABLE_DUMP_V2 << 16 | 1: tables.index,
            TABLE_DUMP_V2 << 16 | 2: tables.rib4,
            TABLE_DUMP_V2 << 16 | 3: partial(self._multicast, tables.rib4),
            TABLE_DUMP_V2 << 16 | 4: tables.rib6,
            TABLE_DUMP_V2 << 16 | 5: partial(self._multicast, tables.rib6),
            TABLE_DUMP_V2 << 16 | 6: tables.generic,
            TABLE_DUMP_V2 << 16 | 8: tables.paths4,
            TABLE_DUMP_V2 << 16 | 9: partial(self._multicast, tables.paths4),
            TABLE_DUMP_V2 << 16 | 10: tables.paths6,
            TABLE_DUMP_V2 << 16 | 11: partial(self._multicast, tables.paths6),
        }
        self._offset = 0  # of the data in the unpacked file

    def take(self, data: bytes) -> tuple[int, list[Element]]:
        """Read whole records from the beginning of the data, up to one that is not whole, or too large.

        Returns where they end, and their elements.
        """
        # Elements are made by the ten thousand and are no part of any cycle: the collector would look at each in vain.
        collected = gc.isenabled()
        gc.disable()
        try:
            return self._take(data)
        finally:
            if collected:
                gc.enable()

    def _take(self, data: bytes) -> tuple[int, list[Element]]:
        tally, batch, sound, sessions = self.tally, self._batch, self._sound, self._sessions[False]
        places = batch.places
        add, run, step4, handlers, simple = places.append, batch.runs.append, STEP4, self._handlers, SIMPLE
        known6 = self._prefixes6
        out: list[Element] = []
        starts, after = frames(data, self._most)
        data += bytes(PADDING)
        flushed = filled = 0
        for at, end, kind, when, what, body, mark, first, rest, place in scan(data, starts):
            try:
                if what:
                    texts: list[str] | None = None
                    if what == PLAIN4:
                        others = data[rest:place]
                        plain = others in sound or sound.check(others)
                    else:
                        texts = announced6(data, rest, end, known6)
                        plain = texts is not None
                    if plain:
                        session = sessions.get(data[body:mark])
                        if session is None:
                            size = 4 if mark - body in (20, 44) else 2
                            session = self._session(data, body, end, size, add_path=False)
                        peer, asn, _skip, paths, _add_path = session
                        raw = data[first:rest]
                        try:  # nearly always the path is one sequence
                            numbers, text = simple[paths.size][raw[:2]]
                            path = text % numbers(raw)
                        except (KeyError, struct.error):
                            path = paths.read(raw)
                        if texts is None:
                            while place < end:
                                add(place)
                                place += step4[data[place]]
                            if place != end:
                                raise Broken("IPv4 prefixes do not fill their field")
                        else:
                            batch.give(texts)
                        now = len(places)
                        run((when, peer, asn, "A", path, filled, now))
                        filled = now
                        continue
                handler = handlers.get(kind)
                if handler is None:
                    self._other(data, at, end, kind, when)
                else:
                    if batch.runs:  # table entries are elements at once, and the order is the file's
                        flushed += batch.flush(data, out, tally)
                        filled = 0
                    handler(data, at + HEADER, end, when, out)
                filled = len(places)
            except (Broken, IndexError, struct.error) as error:
                batch.cut(filled)
                record = tally.records + bisect_left(starts, at) + 1
                reason = str(error) if isinstance(error, Broken) else "record ends early"
                tally.reject(reason, f"record {record}, byte {self._offset + at}: type {kind >> 16}, subtype "
                             f"{kind & 0xFFFF}, {end - at - HEADER} bytes")  # fmt: skip
        tally.records += len(starts)
        flushed += batch.flush(data, out, tally)
        tally.rib_entries += len(out) - flushed
        tally.saw_prefixes(out)
        self._offset += after
        self._trim()
        return after, out

    def skip(self, count: int) -> None:
        """So many bytes of the file are not given to this reader."""
        self._offset += count

    def reject(self, size: int, have: int) -> int:
        """Pass over a record that is too large, of which so many bytes are there. Returns how many of them are its."""
        self.tally.records += 1
        self.tally.reject(f"record larger than {self._most} bytes", f"record {self.tally.records}, {self.place()}")
        over = min(size, have)
        self.skip(over)
        return over

    def place(self) -> str:
        """Where in the file the next record begins."""
        return f"byte {self._offset}"

    def _trim(self) -> None:
        self._tables.settle()
        self._sound.trim()
        self._prefixes6.trim()
        for sessions in self._sessions.values():
            if len(sessions) > _SESSIONS:
                sessions.clear()

    def _other(self, data: bytes, at: int, end: int, kind: int, when: float) -> None:
        """Read one record that is none of a table."""
        number, subtype, body = kind >> 16, kind & 0xFFFF, at + HEADER
        if number == BGP4MP_ET:
            body += 4  # microseconds
        elif number != BGP4MP:
            self.tally.passed_over[_called(number)] += 1
            return
        if subtype in _MESSAGES and (subtype not in _SENT or self._everything):
            size, add_path = _MESSAGES[subtype]
            place = body + 2 * size + 4
            mark = place + (32 if data[place - 1] == 2 else 8)
            session = self._sessions[add_path].get(data[body:mark])
            if session is None or mark > end:
                session = self._session(data, body, end, size, add_path=add_path)
            message(data, mark, end, when, session, self._batch, self.tally, self._prefixes6)
        elif subtype in _STATE_CHANGES:
            state(data, body, end, when, _STATE_CHANGES[subtype], self._batch, self.tally)
        else:
            what = "messages that the collector sent" if subtype in _SENT else "BGP4MP records of other subtypes"
            self.tally.passed_over[what] += 1

    def _session(self, data: bytes, body: int, end: int, size: int, *, add_path: bool) -> Session:
        peer, asn, skip = ends(data, body, end, size)
        self.tally.saw(peer, asn)
        session = (peer, asn, skip, self._paths[size], add_path)
        self._sessions[add_path][data[body : body + skip]] = session
        return session

    def _multicast(self, read: _Handler, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """Entries of multicast tables, which say nothing of where packets go that have one receiver."""
        if self._everything:
            read(data, at, end, when, out)
            return
        found: list[Element] = []
        read(data, at, end, when, found)
        self.tally.saw_multicast("B", (element[4] for element in found))


def _called(number: int) -> str:
    """What a record is called that is passed over."""
    return (
        "table records of other subtypes" if number == TABLE_DUMP_V2 else _NAMES.get(number, "records of unknown type")
    )
