"""What lines of one form have in common, taken from the first of them: the texts between the values, letter by letter.

Programs write the lines of a log by one format string. ``of`` finds it again in the first line that is left, as a
list of segments: known text, with values of known size in it, and then one value whose end must be looked for. A line
whose known text differs in one byte is of another template. What a line says is read in ``_edge_columns``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from radar.sources._edge_access import KEYS
from radar.sources._edge_names import FORMS
from radar.sources._edge_words import word

#: Of so many lines the sizes of values are looked at, and so many of them are tried as the one to go by.
SAMPLE, _TRIES = 16, 4
#: Bytes of a number, and of a short and a long text that are looked at for their end.
NUMBER, EPOCH, SHORT, LONG = 16, 24, 16, 40
#: Words of a text that is not read: as many as the sample needs, and not more than these at a time.
_MOST = 16

_PAIR = re.compile(rb'( *[{,] *"([^"\\]+)" *: *)(?:"([^"\\]*)"|([^\s"\\{}\[\],]+))')
_END = re.compile(rb" *\} *")
_ACCESS = re.compile(
    rb'([^ "\[]*)( )([^"\[]*)(\[)(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})(\] ")([^"]*)'
    rb'(" )([1-9]\d\d)( )(\d+|-)'
)
_QUOTED = re.compile(rb'( ?")([^"]*)(")')
_KEY_VALUE = re.compile(rb"( )([A-Za-z_][A-Za-z0-9_]*)=([^ \n\"=]*)")
_UNIT = re.compile(rb"(\d+(?:\.\d+)?)(ms|us|s)")

_ISO = re.compile(rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:(\d\d)(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:\d\d)")
_LOCAL = re.compile(rb"\[?\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:(\d\d)() [+-]\d{4}\]?")
_EPOCH = re.compile(rb"[1-9]\d{9,18}(\.\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a line.

    ``kind``: ``time`` (a text of known size), ``whole``, ``real``, ``text``, ``null``, ``request``, or what is not
    read: ``skip`` (a text) and ``bare`` (a number). ``room``: bytes in which it is looked for. ``size`` is null where
    it differs; ``none`` are the spellings of nothing; a number is multiplied with ``scale``; of a time, ``digits`` are
    where seconds and parts of one stand; a text that is not read must not have one of ``forbidden``.
    """

    field: str
    kind: str
    room: int
    size: int | None = None
    none: tuple[bytes, ...] = ()
    scale: float | None = None
    digits: tuple[tuple[int, int], ...] = ()
    forbidden: bytes = b""


@dataclass(frozen=True, slots=True)
class Check:
    """Word ``at`` of a block must be ``want`` in the bits of ``mask``."""

    at: int
    mask: np.uint64
    want: np.uint64


@dataclass(frozen=True, slots=True)
class Segment:
    """Known text with values of known size in it, by offset; then ``end``, a value up to the byte ``stop``."""

    words: int
    checks: tuple[Check, ...]
    fixed: tuple[tuple[int, Value], ...]
    offset: int
    end: Value | None
    stop: int


@dataclass(frozen=True, slots=True)
class Template:
    """Segments of a line. ``form``: the field of time of an object (``FORMS``); null for lines of access logs."""

    segments: tuple[Segment, ...]
    form: str | None

    @property
    def reach(self) -> int:
        """Bytes after the end of a line that may be looked at."""
        return sum(8 * segment.words for segment in self.segments) + 8 * _MOST + 64


#: A value with the text before it, and what it says in one line.
_Parts = list[tuple[bytes, Value, bytes]]


def of(lines: list[bytes]) -> Template | None:
    """The template of the first of these lines that has one, each with its line break; null where none has.

    The others are the sample by which it is guessed how long a value may be. A guess that fails costs time, no row.
    """
    found = [read for line in lines if (read := _parts(line)) is not None]
    for parts, tail, form in found[:_TRIES]:
        leads = [lead for lead, _, _ in parts]
        alike = [p for p, end, _ in found if end == tail and [lead for lead, _, _ in p] == leads]
        sizes = [{len(text) for _, _, text in same} for same in zip(*alike, strict=True)]
        values = [_sized(value, text, seen) for (_, value, text), seen in zip(parts, sizes, strict=True)]
        kept = [value for value in values if value is not None]
        if len(kept) == len(values):
            return Template(tuple(_segments(leads, kept, tail)), form)
    return None


def _sized(value: Value, text: bytes, sizes: set[int]) -> Value | None:
    """The value with the room that its sizes ask for; null for a time in another form."""
    longest = max(sizes)
    size = longest if len(sizes) == 1 else None
    if value.kind == "time":
        return _timed(value, text)
    if value.kind in ("skip", "request"):
        return replace(value, room=min(longest // 8 + 1, _MOST) * 8)
    # codes of countries, protocols and statuses have seldom another size
    if size in {"text": (2, 8), "whole": (3,)}.get(value.kind, ()):
        return replace(value, room=size, size=size)
    return replace(value, room=NUMBER if value.kind != "text" or longest < SHORT else LONG)


def _timed(value: Value, text: bytes) -> Value | None:
    match = _ISO.fullmatch(text) or _LOCAL.fullmatch(text)
    if match is not None:
        spans = tuple(span for span in (match.span(1), match.span(2)) if span[0] < span[1])
        return replace(value, room=len(text), size=len(text), digits=spans)
    match = _EPOCH.fullmatch(text)
    if match is None or (match.group(1) and len(text) > NUMBER):
        return None
    return replace(value, kind="real" if match.group(1) else "whole", room=EPOCH)


def _segments(leads: list[bytes], values: list[Value], tail: bytes) -> list[Segment]:
    made, known = [], bytearray()
    mask: list[bool] = []
    fixed: list[tuple[int, Value]] = []
    for number, (lead, value) in enumerate(zip(leads, values, strict=True)):
        known += lead
        mask += [True] * len(lead)
        if value.size is not None:
            fixed.append((len(known), value))
            known += bytes(value.size)
            mask += [False] * value.size
            continue
        after = (leads[number + 1] if number + 1 < len(leads) else tail)[0]
        if value.room > SHORT and value.kind in ("skip", "request"):  # apart, so that it begins with a word
            made.append(_segment(known, mask, fixed, None, 0, (len(known) + 7) // 8))
            known, mask, fixed = bytearray(), [], []
        # one word more: a value that does not begin with a word is put together from two
        made.append(_segment(known, mask, fixed, value, after, (len(known) + value.room + 7) // 8 + 1))
        known, mask, fixed = bytearray(), [], []
    known += tail
    mask += [True] * len(tail)
    made.append(_segment(known, mask, fixed, None, 0, (len(known) + 7) // 8))
    return made


def _segment(
    known: bytearray, mask: list[bool], fixed: list[tuple[int, Value]], end: Value | None, stop: int, words: int
) -> Segment:
    # so is one of known size, which is read in whole words too
    words = max([words, *((offset + value.room + 7) // 8 + 1 for offset, value in fixed)])
    covered = bytes(255 * bit for bit in mask)
    checks = tuple(
        Check(at // 8, word(covered[at : at + 8]), word(bytes(known[at : at + 8])))
        for at in range(0, len(known), 8)
        if any(mask[at : at + 8])
    )
    return Segment(words, checks, tuple(fixed), len(known), end, stop)


def _parts(line: bytes) -> tuple[_Parts, bytes, str | None] | None:
    """Texts and values of one line, the text after them, and its form; null where it has none."""
    return _of_object(line) if line.startswith(b"{") else _of_access(line)


# -- JSON ------------------------------------------------------------------------------------------------------------

_NULL = (b"null",)
_KINDS = {"asn": "whole", "status": "whole", "bytes": "whole", "rtt_us": "whole", "rtt_ms": "real",
          "throughput_mbps": "real", "time": "time"}  # fmt: skip


def _of_object(line: bytes) -> tuple[_Parts, bytes, str | None] | None:
    """Of an object of texts and numbers, without objects in it, without a field twice."""
    found, at = [], 0
    while match := _PAIR.match(line, at):
        found.append(match)
        at = match.end()
    end = _END.match(line, at)
    keys = [match.group(2).decode("utf-8", "replace") for match in found]
    form = next((time for time in FORMS if time in keys), None)
    if end is None or line[end.end() :] != b"\n" or form is None or len(set(keys)) < len(keys):
        return None
    if any(match.group(1).lstrip()[:1] != (b"," if number else b"{") for number, match in enumerate(found)):
        return None
    names = FORMS[form]
    parts: _Parts = []
    quote = b""
    for match, key in zip(found, keys, strict=True):
        quoted = match.group(3) is not None
        text = match.group(3) if quoted else match.group(4)
        lead, quote = quote + match.group(1) + (b'"' if quoted else b""), b'"' if quoted else b""
        name = names.get(key)
        kind = _KINDS.get(name, "text") if name else ("skip" if quoted else "bare")
        if kind == "text" and not quoted:
            kind = "null"
        if name == "asn" and text.startswith(b"AS"):
            lead, text = lead + b"AS", text[2:]
        parts.append((lead, Value(key, kind, 0, none=() if quoted or kind == "time" else _NULL), text))
    return parts, quote + line[at:], form


# -- lines of nginx and Apache ---------------------------------------------------------------------------------------

_NOTHING = (b"-", b"")
_PAIR_KINDS = {"asn": "whole", "rtt": "real", "throughput_mbps": "real"}
_UNITS = {b"ms": None, b"s": 1000.0, b"us": 0.001}
#: A line with more quotes than these is not read any further (``_edge_access``).
_QUOTED_MOST = 3


def _of_access(line: bytes) -> tuple[_Parts, bytes, None] | None:
    """Of a line whose ``key=value`` all stand in one place, at most one space between them."""
    match = _ACCESS.match(line)
    if match is None:
        return None
    client, gap, user, bracket, time, quote, request, space, status, gap2, size = match.groups()
    parts: _Parts = [
        (b"", Value("client", "text", 0), client),
        (gap, Value("", "skip", 0, forbidden=b'"'), user),
        (bracket, Value("time", "time", 0), time),
        (quote, Value("request", "request", 0), request),
        (space, Value("status", "whole", 0), status),
        (gap2, Value("bytes", "whole", 0, none=(b"-",)), size),
    ]
    at, lead, keys, quoted, place = match.end(), b"", set[str](), 0, 0
    while at < len(line) - 1:
        if (text := _QUOTED.match(line, at)) and quoted < _QUOTED_MOST:
            parts.append((lead + text.group(1), Value("", "skip", 0), text.group(2)))
            lead, at, quoted = text.group(3), text.end(), quoted + 1
            continue
        pair = _KEY_VALUE.match(line, at)
        key = pair.group(2).decode() if pair else ""
        place = place or quoted
        if pair is None or key in keys or quoted < 2 or quoted != place:
            return None
        keys.add(key)
        lead, at = lead + pair.group(1) + pair.group(2) + b"=", pair.end()
        value, after = pair.group(3), b""
        kind = _PAIR_KINDS.get(key, "text") if key in KEYS else "skip"
        scale = 0.001 if key == "rtt" else None
        if key == "rtt" and (unit := _UNIT.fullmatch(value)):
            value, after = unit.groups()
            scale = _UNITS[after]
        if key == "asn" and value.startswith(b"AS"):
            lead, value = lead + b"AS", value[2:]
        parts.append((lead, Value(f"said_{key}", kind, 0, none=_NOTHING, scale=scale, forbidden=b'" '), value))
        lead = after
    return (parts, lead + b"\n", None) if line.endswith(b"\n") else None
