"""MRT records (RFC 6396, RFC 8050) to elements, many of them at a time.

``Reader.take`` is where the time goes. Updates of the usual form (ORIGIN and AS_PATH lead the attributes, IPv4
prefixes, nothing withdrawn) are read in place; all others go through the same steps in :mod:`radar.routing._messages`.
"""

from __future__ import annotations

import gc
import struct
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from radar.routing import Element
from radar.routing._attributes import SIMPLE, USUAL, Paths, Simple, Sound
from radar.routing._messages import UPDATE, Batch, Session, ends, message, state
from radar.routing._prefixes import STEP4, Broken, Prefixes6
from radar.routing._tables import Tables
from radar.routing._tally import Tally

TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, BGP4MP_ET = 12, 13, 16, 17
HEADER = 12

#: The begin of an update from its length on: length, type, length of withdrawn routes; and, when nothing is withdrawn,
#: the length of the attributes, their first octets, and of the path the next two.
_BEGIN = "HBHH6sBB"
_UPDATE = struct.Struct(f">{_BEGIN}").unpack_from

#: Time, type and subtype as one number, length; the rest is empty.
_HEAD = struct.Struct(f">III{'0s' * 9}").unpack_from
#: The farthest that is read ahead of a record's begin.
_AHEAD = 80

#: Message subtypes of BGP4MP: octets of an AS number, and are there several paths per prefix?
_MESSAGES = {1: (2, False), 4: (4, False), 6: (2, False), 7: (4, False),
             8: (2, True), 9: (4, True), 10: (2, True), 11: (4, True)}  # fmt: skip
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

#: Reads a record that holds no message: (data, begin of its body, its end, time, elements).
_Handler = Callable[[bytes, int, int, float, list[Element]], None]


class _Form(NamedTuple):
    """How records of one type are read.

    ``ahead``: unpacks the header and, of a message, microseconds (or nothing), by what its session is known, and the
    begin of an update as it stands where both ends have IPv4 addresses. ``body``: where the record's body begins;
    ``near``: where the message then begins in it. ``usual``: how attributes begin that are read in place; nothing where
    there are several paths per prefix. ``handler``: reads what holds no message.

    A session is known by AS numbers and addresses of both ends and, of IPv4, by some of the marker that follows, which
    is always the same.
    """

    ahead: Callable[[bytes, int], tuple[Any, ...]]
    body: int
    near: int
    usual: dict[bytes, bool]
    simple: dict[bytes, Simple]
    sessions: dict[bytes, Session]
    handler: _Handler | None


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
        self._forms: dict[int, _Form] = {}
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
            BGP4MP << 16 | 0: partial(self._state, 2, 0),
            BGP4MP << 16 | 5: partial(self._state, 4, 0),
            BGP4MP_ET << 16 | 0: partial(self._state, 2, 4),
            BGP4MP_ET << 16 | 5: partial(self._state, 4, 4),
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

    def _take(self, whole: bytes) -> tuple[int, list[Element]]:
        tally, batch, sound = self.tally, self._batch, self._sound
        places = batch.places
        add, run, step4 = places.append, batch.runs.append, STEP4
        out: list[Element] = []
        data = whole + bytes(_AHEAD)
        after, last, filled, records, before, second, when = 0, len(whole) - HEADER, 0, 0, -1, -1, 0.0
        flushed, most = 0, self._most
        ahead, head, near, usual, simple, sessions, handler = _Form(_HEAD, HEADER, 0, {}, {}, {}, None)
        while after <= last:
            at = after
            time, kind, length, fraction, key, size, sort, withdrawn, length2, front, high, low = ahead(data, at)
            end = at + HEADER + length
            if end - HEADER > last or length > most:
                break
            after = end
            records += 1
            if time != second:
                second, when = time, float(time)
            if kind != before:
                before = kind
                ahead, head, near, usual, simple, sessions, handler = self._forms.get(kind) or self._form(kind)
                *_, fraction, key, size, sort, withdrawn, length2, front, high, low = ahead(data, at)
                if batch.runs and kind >> 16 in (TABLE_DUMP, TABLE_DUMP_V2):
                    flushed += batch.flush(data, out, tally)  # table entries are elements at once, in the file's order
                    filled = 0
            try:
                if handler is not None:
                    handler(data, at + HEADER, end, when, out)
                    filled = len(places)
                    continue
                session = sessions.get(key)
                if session is None:
                    session = self._session(data, at + head, end, kind, sessions)
                peer, asn, skip, paths, _add_path = session
                mark = at + head + skip
                if skip != near:
                    size, sort, withdrawn, length2, front, high, low = _UPDATE(data, mark + 16)
                place = mark + 23 + length2
                two = usual.get(front)
                moment = when if head == HEADER else second + fraction / 1e6
                if two is not None and size == end - mark and place < end and sort == UPDATE and not withdrawn:
                    first = mark + 31 if two else mark + 30
                    rest = first + (high << 8 | low if two else high)
                    others = data[rest:place]
                    if rest <= place and (others in sound or sound.check(others)):
                        raw = data[first:rest]
                        try:  # nearly always the path is one sequence
                            numbers, text = simple[raw[:2]]
                            path = text % numbers(raw)
                        except (KeyError, struct.error):
                            path = paths.read(raw)
                        while place < end:
                            add(place)
                            place += step4[data[place]]
                        if place != end:
                            raise Broken("IPv4 prefixes do not fill their field")
                        now = len(places)
                        run((moment, peer, asn, "A", path, filled, now))
                        filled = now
                        continue
                message(data, mark, end, moment, session, batch, tally, self._prefixes6)
                filled = len(places)
            except (Broken, IndexError, struct.error) as error:
                batch.cut(filled)
                reason = str(error) if isinstance(error, Broken) else "record ends early"
                tally.reject(reason, f"record {tally.records + records}, byte {self._offset + at}: type {kind >> 16}, "
                             f"subtype {kind & 0xFFFF}, {end - at - HEADER} bytes")  # fmt: skip
        tally.records += records
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

    def _form(self, kind: int) -> _Form:
        number, subtype = kind >> 16, kind & 0xFFFF
        sent = subtype in _SENT and not self._everything
        if number not in (BGP4MP, BGP4MP_ET) or subtype not in _MESSAGES or sent:
            handler = self._handlers.get(kind) or partial(self._pass_over, _called(number, subtype))
            return _Form(_HEAD, HEADER, 0, {}, {}, {}, handler)
        (size, add_path), extended = _MESSAGES[subtype], number == BGP4MP_ET
        ahead = struct.Struct(f">III{'I' if extended else '0s'}{2 * size + 20}s8x{_BEGIN}").unpack_from
        form = self._forms[kind] = _Form(
            ahead, HEADER + 4 * extended, 2 * size + 12, {} if add_path else USUAL, SIMPLE[size], {}, None
        )
        return form

    def _session(self, data: bytes, body: int, end: int, kind: int, sessions: dict[bytes, Session]) -> Session:
        size, add_path = _MESSAGES[kind & 0xFFFF]
        peer, asn, skip = ends(data, body, end, size)
        self.tally.saw(peer, asn)
        if len(sessions) >= _SESSIONS:
            sessions.clear()
        session = sessions[data[body : body + 2 * size + 20]] = (peer, asn, skip, self._paths[size], add_path)
        return session

    def _state(self, size: int, fraction: int, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """BGP4MP_STATE_CHANGE; ``fraction``: octets of microseconds before it."""
        if fraction:
            when += int.from_bytes(data[at : at + fraction], "big") / 1e6
        state(data, at + fraction, end, when, size, self._batch, self.tally)

    def _multicast(self, read: _Handler, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        """Entries of multicast tables, which say nothing of where packets go that have one receiver."""
        if self._everything:
            read(data, at, end, when, out)
            return
        found: list[Element] = []
        read(data, at, end, when, found)
        self.tally.saw_multicast("B", (element[4] for element in found))

    def _pass_over(self, what: str, data: bytes, at: int, end: int, when: float, out: list[Element]) -> None:
        self.tally.passed_over[what] += 1


def _called(number: int, subtype: int) -> str:
    """What a record is called that is passed over."""
    if number == TABLE_DUMP_V2:
        return "table records of other subtypes"
    if number in (BGP4MP, BGP4MP_ET):
        return "messages that the collector sent" if subtype in _SENT else "BGP4MP records of other subtypes"
    return _NAMES.get(number, "records of unknown type")
