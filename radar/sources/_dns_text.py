"""Query logs as resolvers write them as text: one line, one query or its answer; the form is told by the line itself.

=================== ==================================================================================================
BIND                category ``queries`` (with and without view, category and severity), and ``query-errors``
Unbound             ``log-queries`` and ``log-replies``, with and without ``log-tag-queryreply``
PowerDNS Recursor   ``quiet=no``: the text form of "question for" and "answer to question", and the structured one
CoreDNS             plugin ``log`` in its common form, with a time before it, as containers' logs have
=================== ==================================================================================================

Knot Resolver and Knot DNS document no log of queries as lines of text; Knot Resolver writes dnstap (docs/logs.md).
Times without a zone are taken for UTC. A line whose time has no year cannot be placed, and is rejected.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple

#: A query alone; the answer that a client got; a failure that is told beside the queries (BIND's ``query-errors``).
Role = Literal["query", "answer", "error"]


class Line(NamedTuple):
    """What one line says. ``client``: address, None where it is not told; ``rcode``: None in a query."""

    second: int
    client: str | None
    name: str
    rcode: str | None
    role: Role


class NoTime(ValueError):
    """The line is one of a query, and says no time that can be placed."""


RCODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
          "NOTAUTH", "NOTZONE")  # fmt: skip
_MONTHS = dict(zip("jan feb mar apr may jun jul aug sep oct nov dec".split(), range(1, 13), strict=True))  # noqa: SIM905

#: Any text before the message: time, host, category. Bounded, so that a long line costs no more than its length.
_BIND = re.compile(
    r"^(?P<head>.{0,200}?)\bclient (?:@0x[0-9a-f]{1,16} )?(?P<client>[0-9A-Fa-f:.]{2,45})(?:%\w{1,16})?#\d{1,5}"
    r"(?:/key [^ :]{1,255})? (?:\([^ ]{1,1024}\)|\(\)): (?:view [^ :]{1,64}: )?"
    r"(?:query: (?P<name>\S{1,1024}) (?:CLASS\d+|[A-Z]{2,4}) [A-Z0-9-]{1,16}(?: |$)"
    r"|query failed \((?P<why>[A-Za-z ]{1,40})\) for (?P<failed>\S{1,1024})/(?:CLASS\d+|[A-Z]{2,4})/[A-Z0-9-]{1,16}\b)"
)
_UNBOUND = re.compile(
    r"^(?P<head>.{0,100}?)\bunbound\[\d{1,10}:[0-9a-f]{1,4}\] (?:info|query|reply): (?P<client>[0-9A-Fa-f:.]{2,45}) "
    r"(?P<name>\S{1,1024}) [A-Z0-9-]{1,16} (?:CLASS\d+|[A-Z]{2,4})"
    r"(?: (?P<rcode>[A-Z]{4,10}|RCODE\d+) \d{1,9}\.\d{1,9} [01] \d{1,6})?(?: .{0,80})?$"
)
_POWERDNS = re.compile(
    r"^(?P<head>.{0,200}?)\[\d{1,10}(?:/\d{1,10})?\] (?:"
    r"question for '(?P<name>[^'|\s]{1,1024})\|[A-Z0-9-]{1,16}' from (?P<client>\S{2,60})"
    r"|answer to question '(?P<answered>[^'|\s]{1,1024})\|[A-Z0-9-]{1,16}': .{0,300}\brcode=(?P<rcode>\d{1,4}))"
)
_PAIR = re.compile(r'([a-z]{1,32})="([^"]{0,1024})"')
_COREDNS = re.compile(
    r"^(?P<head>.{0,100}?)\[INFO\] (?P<client>\S{2,60}) - \d{1,5} "
    r'"[A-Z0-9-]{1,16} (?:CLASS\d+|[A-Z]{2,4}) (?P<name>\S{1,1024}) (?:udp|tcp|tls|https?|quic|grpc) \d{1,6} \S{4,5} '
    r'\d{1,6}" (?P<rcode>[A-Z]{4,10}|-) '
)
_BIND_TIME = re.compile(r"(\d{2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2})")
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:[.,]\d{1,9})?(Z|[+-]\d{2}:?\d{2})?")
_EPOCH_TIME = re.compile(r"^\[(\d{9,11})\]")


def read(line: str) -> Line | None:
    """What a line says; None for a line that is none of a query. Raises NoTime."""
    if "client " in line and (found := _BIND.match(line)):
        return _bind(found)
    if "unbound[" in line and (found := _UNBOUND.match(line)):
        rcode = found["rcode"]
        return Line(_time(found["head"]), found["client"], found["name"], rcode, "answer" if rcode else "query")
    if 'msg="Question"' in line or 'msg="Answer"' in line:
        return _structured(dict(_PAIR.findall(line)))
    if "question" in line and (found := _POWERDNS.match(line)):
        if found["name"]:
            return Line(_time(found["head"]), without_port(found["client"]), found["name"], None, "query")
        return Line(_time(found["head"]), None, found["answered"], _rcode(found["rcode"]), "answer")
    if "[INFO]" in line and (found := _COREDNS.match(line)):
        rcode = "" if found["rcode"] == "-" else found["rcode"]
        return Line(_time(found["head"]), without_port(found["client"]), found["name"], rcode, "answer")
    return None


def _bind(found: re.Match[str]) -> Line:
    second = _time(found["head"])
    if found["name"]:
        return Line(second, found["client"], found["name"], None, "query")
    why = found["why"].upper()
    return Line(second, found["client"], found["failed"], why if why in RCODES else "SERVFAIL", "error")


def _structured(pairs: dict[str, str]) -> Line | None:
    """PowerDNS Recursor's structured form: ``key="value"`` pairs."""
    if "qname" not in pairs:
        return None
    try:
        second = int(float(pairs.get("ts", "")))
    except (ValueError, OverflowError):
        second = _time(pairs.get("ts", ""))
    client = without_port(pairs["remote"]) if "remote" in pairs else None
    if pairs["msg"] == "Question":
        return Line(second, client, pairs["qname"], None, "query")
    return Line(second, client, pairs["qname"], _rcode(pairs.get("rcode", "")), "answer")


def _rcode(number: str) -> str:
    """The name of a numbered code; "" (no answer) for what is no number."""
    if not number.isascii() or not number.isdigit() or len(number) > 4:
        return ""
    return RCODES[int(number)] if int(number) < len(RCODES) else f"RCODE{int(number)}"


def without_port(text: str) -> str:
    """The address of ``192.0.2.7:53``, ``[2001:db8::7]:53`` and ``192.0.2.7``.

    Examples
    --------
    >>> without_port("[2001:db8::7]:53"), without_port("192.0.2.7:53")
    ('2001:db8::7', '192.0.2.7')
    """
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] if text.count(":") == 1 else text


def _time(head: str) -> int:
    """Epoch seconds of the time in the text before a message. Raises NoTime."""
    try:
        if found := _EPOCH_TIME.search(head):
            return int(found[1])
        if found := _ISO_TIME.search(head):
            moment = datetime.fromisoformat(f"{found[1]}T{found[2]}{(found[3] or 'Z').replace('Z', '+00:00')}")
            return int(moment.timestamp())
        if found := _BIND_TIME.search(head):
            day, month, year, hour, minute, second = found.groups()
            when = datetime(
                int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second), tzinfo=UTC
            )
            return int(when.timestamp())
    except (ValueError, KeyError, OverflowError) as error:
        raise NoTime("time cannot be read") from error
    raise NoTime("line has no time with a year")
