"""What lines of one form have in common, taken from the first of them: the texts between the values, letter by letter.

Programs write the lines of a log by one format string. ``of`` finds it again in the first line that has one, as a list
of steps: a known text, and the value after it. A line whose known text differs in one byte is of another template.
Lines are read by it in ``_edge_scan``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from radar.sources._edge_access import KEYS
from radar.sources._edge_names import FORMS

#: Of so many lines the first that has a template is taken.
SAMPLE = 16
#: Bytes of a number with a point that are read.
_NUMBER = 16

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

    ``kind``: ``time`` (a text of ``size`` bytes), ``whole``, ``real``, ``text``, ``null``, ``request``, or what is not
    read: ``skip`` (a text) and ``bare`` (a number). ``none`` are the spellings of nothing; a number is multiplied with
    ``scale``; of a time, ``digits`` are where seconds and parts of one stand; a text that is not read must not have one
    of ``forbidden``. ``epoch``: the number is a time.
    """

    field: str
    kind: str
    size: int = 0
    none: tuple[bytes, ...] = ()
    scale: float | None = None
    digits: tuple[tuple[int, int], ...] = ()
    forbidden: bytes = b""
    epoch: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """Known texts and the value after each, and the text after the last, a line break at its end. ``form``: the field
    of time of an object (``FORMS``); null for lines of access logs."""

    steps: tuple[tuple[bytes, Value], ...]
    tail: bytes
    form: str | None


#: A value with the text before it, and what it says in one line.
_Parts = list[tuple[bytes, Value, bytes]]


def of(lines: list[bytes]) -> Template | None:
    """The template of the first of these lines that has one, each with its line break; null where none has."""
    for line in lines:
        found = _parts(line)
        if found is None:
            continue
        parts, tail, form = found
        values = [_timed(value, text) if value.kind == "time" else value for _, value, text in parts]
        steps = tuple((lead, value) for (lead, _, _), value in zip(parts, values, strict=True) if value is not None)
        if len(steps) == len(parts):
            return Template(steps, tail, form)
    return None


def _timed(value: Value, text: bytes) -> Value | None:
    """The time with its size, or as a number; null for one in another form."""
    match = _ISO.fullmatch(text) or _LOCAL.fullmatch(text)
    if match is not None:
        spans = tuple(span for span in (match.span(1), match.span(2)) if span[0] < span[1])
        return replace(value, size=len(text), digits=spans)
    match = _EPOCH.fullmatch(text)
    if match is None or (match.group(1) and len(text) > _NUMBER):
        return None
    return replace(value, kind="real" if match.group(1) else "whole", epoch=True)


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
        parts.append((lead, Value(key, kind, none=() if quoted or kind == "time" else _NULL), text))
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
        (b"", Value("client", "text"), client),
        (gap, Value("", "skip", forbidden=b'"'), user),
        (bracket, Value("time", "time"), time),
        (quote, Value("request", "request"), request),
        (space, Value("status", "whole"), status),
        (gap2, Value("bytes", "whole", none=(b"-",)), size),
    ]
    at, lead, keys, quoted, place = match.end(), b"", set[str](), 0, 0
    while at < len(line) - 1:
        if (text := _QUOTED.match(line, at)) and quoted < _QUOTED_MOST:
            parts.append((lead + text.group(1), Value("", "skip"), text.group(2)))
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
        parts.append((lead, Value(f"said_{key}", kind, none=_NOTHING, scale=scale, forbidden=b'" '), value))
        lead = after
    return (parts, lead + b"\n", None) if line.endswith(b"\n") else None
