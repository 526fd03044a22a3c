"""MRT records (RFC 6396, RFC 8050) to elements, many of them at a time.

``Reader.take`` is where the time goes. Updates of the usual form (ORIGIN and AS_PATH lead the attributes, IPv4
prefixes, nothing withdrawn) are read in place; all others go through the same steps in :mod:`radar.routing._messages`.
"""

from __future__ import annotations

import struct

from radar.routing import Element
from radar.routing._attributes import AS4_PATH, MP_REACH, MP_UNREACH, Paths, walk
from radar.routing._messages import EMPTY, UPDATE, Batch, Session, ends, message, state
from radar.routing._prefixes import STEP4, Broken, Prefixes6
from radar.routing._tables import Tables
from radar.routing._tally import Tally

TABLE_DUMP, TABLE_DUMP_V2, BGP4MP, BGP4MP_ET = 12, 13, 16, 17
HEADER = 12

HEAD = struct.Struct(">III").unpack_from  # time, type and subtype as one number, length
_MICROSECONDS = struct.Struct(">I").unpack_from
_UPDATE = struct.Struct(">HBHH").unpack_from  # length, type, of withdrawn routes, of attributes if nothing is withdrawn

#: Message subtypes of BGP4MP: octets of an AS number, and are there several paths per prefix?
_MESSAGES = {1: (2, False), 4: (4, False), 8: (2, True), 9: (4, True)}
_STATE_CHANGES = {0: 2, 5: 4}
#: Messages that the collector sent to its peer: they say nothing of the peer's table.
_SENT = frozenset({6, 7, 10, 11})

#: How attributes usually begin: ORIGIN, then AS_PATH. Does its length have two octets?
_USUAL = {b"\x40\x01\x01" + bytes((origin, flags, 2)): flags == 0x50 for origin in range(3) for flags in (0x40, 0x50)}
_UNUSUAL = frozenset({MP_REACH, MP_UNREACH, AS4_PATH})

#: What records are called that are passed over.
_NAMES = {
    **dict.fromkeys(range(5), "control records"),
    **dict.fromkeys(range(5, 11), "records of deprecated types"),
    11: "OSPFv2 records",
    **dict.fromkeys((32, 33), "IS-IS records"),
    **dict.fromkeys((48, 49), "OSPFv3 records"),
}
_MULTICAST = frozenset({3, 5, 9, 11})

#: Sessions, and ends of attribute fields, that are remembered; an end up to which length.
_SESSIONS, _SOUND, _LONGEST = 1 << 14, 1 << 16, 256


class Reader:
    """Reads records; remembers peers, paths and prefixes, up to a limit. Counts into the tally."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self._paths = {2: Paths(2), 4: Paths(4)}
        self._prefixes6 = Prefixes6()
        self._tables = Tables(tally, self._paths[2], self._paths[4], self._prefixes6)
        self._sessions: dict[int, dict[bytes, Session]] = {}
        self._sound: set[bytes] = {b""}
        self._offset = 0  # of the data in the unpacked file

    def take(self, data: bytes) -> tuple[int, list[Element]]:
        """Read all whole records at the beginning of the data. Returns where they end, and their elements."""
        tally, batch, sound = self.tally, Batch(), self._sound
        places = batch.places
        add, run, step4, usual = places.append, batch.runs.append, STEP4, _USUAL
        out: list[Element] = []
        sessions: dict[bytes, Session] = {}
        after, last, filled, records, before, second, when = 0, len(data) - HEADER, 0, 0, -1, -1, 0.0
        head, known_by = HEADER, 0
        while after <= last:
            at = after
            time, kind, length = HEAD(data, at)
            end = at + HEADER + length
            if end - HEADER > last:
                break
            after = end
            records += 1
            if time != second:
                second, when = time, float(time)
            if kind != before:
                before = kind
                head, known_by, sessions = self._form(kind)
            try:
                if not known_by:
                    self._other(data, at + HEADER, end, kind, when, batch, out)
                    filled = len(places)
                    continue
                body = at + head
                moment = when if head == HEADER else second + _MICROSECONDS(data, at + HEADER)[0] / 1e6
                session = sessions.get(data[body : body + known_by])
                if session is None:
                    session = self._session(data, body, end, kind, sessions)
                peer, asn, skip, paths, add_path = session
                mark = body + skip
                if end - mark > EMPTY:
                    size, sort, withdrawn, length = _UPDATE(data, mark + 16)
                    first = mark + EMPTY
                    place = first + length
                    two = usual.get(data[first : first + 6])
                    if (
                        not withdrawn and two is not None and sort == UPDATE and size == end - mark
                        and first + 8 <= place < end and not add_path
                    ):  # fmt: skip
                        if two:
                            rest = first + 8 + (data[first + 6] << 8 | data[first + 7])
                            path = paths[data[first + 8 : rest]]
                        else:
                            rest = first + 7 + data[first + 6]
                            path = paths[data[first + 7 : rest]]
                        others = data[rest:place]
                        if rest <= place and (others in sound or self._is_sound(others)):
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
        batch.flush(data, out, tally)
        tally.saw_prefixes(out)
        self._offset += after
        return after, out

    def skip(self, count: int) -> None:
        """So many bytes of the file are not given to this reader."""
        self._offset += count

    def place(self) -> str:
        """Where in the file the next record begins."""
        return f"byte {self._offset}"

    def _form(self, kind: int) -> tuple[int, int, dict[bytes, Session]]:
        """How to read a record: where the body of a message begins, and by how many octets its session is known; 0: it
        holds no message.

        The octets are AS numbers and addresses of both ends and, of IPv4, some of the marker that follows, which is
        always the same.
        """
        number, subtype = kind >> 16, kind & 0xFFFF
        if number not in (BGP4MP, BGP4MP_ET) or subtype not in _MESSAGES:
            return HEADER, 0, {}
        head = HEADER if number == BGP4MP else HEADER + 4
        return head, 2 * _MESSAGES[subtype][0] + 20, self._sessions.setdefault(kind, {})

    def _session(self, data: bytes, body: int, end: int, kind: int, sessions: dict[bytes, Session]) -> Session:
        size, add_path = _MESSAGES[kind & 0xFFFF]
        peer, asn, skip = ends(data, body, end, size)
        self.tally.saw(peer, asn)
        if len(sessions) >= _SESSIONS:
            sessions.clear()
        session = sessions[data[body : body + 2 * size + 20]] = (peer, asn, skip, self._paths[size], add_path)
        return session

    def _is_sound(self, others: bytes) -> bool:
        """Are these whole attributes, and none of those that tell of routes? Raises Broken."""
        if not _UNUSUAL.isdisjoint(walk(others, 0, len(others))):
            return False
        if len(others) <= _LONGEST:
            if len(self._sound) >= _SOUND:
                self._sound.clear()
            self._sound.add(others)
        return True

    def _other(self, data: bytes, at: int, end: int, kind: int, when: float, batch: Batch, out: list[Element]) -> None:
        """A record that holds no BGP message, or none of the peer."""
        number, subtype = kind >> 16, kind & 0xFFFF
        if number in (TABLE_DUMP, TABLE_DUMP_V2) and batch.runs:
            batch.flush(data, out, self.tally)  # in the order of the file
        tables = self._tables
        if number == TABLE_DUMP and subtype in (1, 2):
            tables.dump(data, at, end, when, out, v6=subtype == 2)
        elif number == TABLE_DUMP_V2 and subtype in (2, 4, 8, 10):
            tables.rib(data, at, end, when, out, v6=subtype in (4, 10), add_path=subtype > 6)
        elif number == TABLE_DUMP_V2 and subtype == 1:
            tables.index(data, at, end)
        elif number == TABLE_DUMP_V2 and subtype == 6:
            tables.generic(data, at, end, when, out)
        elif number == BGP4MP and subtype in _STATE_CHANGES:
            state(data, at, end, when, _STATE_CHANGES[subtype], batch, self.tally)
        elif number == BGP4MP_ET and subtype in _STATE_CHANGES:
            when += _MICROSECONDS(data, at)[0] / 1e6
            state(data, at + 4, end, when, _STATE_CHANGES[subtype], batch, self.tally)
        else:
            self.tally.passed_over[_called(number, subtype)] += 1


def _called(number: int, subtype: int) -> str:
    """What a record is called that is passed over."""
    if number == TABLE_DUMP_V2:
        return "multicast table entries" if subtype in _MULTICAST else "table records of other subtypes"
    if number in (BGP4MP, BGP4MP_ET):
        return "messages that the collector sent" if subtype in _SENT else "BGP4MP records of other subtypes"
    return _NAMES.get(number, "records of unknown type")
