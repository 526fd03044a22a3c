"""Raw results of RIPE Atlas, one by one: pings, traceroutes and DNS queries, as tables.

The form is upstream's "measurement result format" (atlas.ripe.net/docs/apis/measurement-result-format), firmware 4400
and later. Only what is measured is read; of addresses, what network and country they lie in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from radar.errors import UpstreamChanged
from radar.sources._atlas import blur, moment
from radar.sources._bytes import begins, json_value
from radar.sources._geo import countries_of, networks_of
from radar.sources._rejections import Rejections

#: Longest round-trip time that is one, in ms; more packets or queries in one result than any measurement has.
LONGEST_MS, MOST = 60_000.0, 1000

#: DNS answers that are none: server failure, refused.
FAILURES = frozenset({2, 5})

#: What a result is called that does not say its ``type``.
TYPES = {"Ping": "ping", "Traceroute": "traceroute", "Tdig": "dns"}

#: The target of a query that a probe asked its own resolver: whose address that is, is nobody's business.
RESOLVER = "own resolver"

_KEPT = ("type", "msm_id", "msm_name", "prb_id", "timestamp", "from", "dst_addr", "dst_name", "addr", "name", "sent",
         "rcvd", "result", "resultset", "error")  # fmt: skip

#: Fields that name a probe, or its own resolver, by its address.
_OWN, _RESOLVERS = frozenset({"src_addr", "srcaddr"}), frozenset({"src_addr", "srcaddr", "dst_addr", "dst_name"})


@dataclass(slots=True)
class Results:
    """Tables of one answer, a row for each result. All have ``t`` (epoch s), ``probe``, ``target``, and the probe's
    ``asn`` and ``cc`` (null: not known).

    ``pings``: ``sent``, ``rcvd``, ``rtts`` (ms, list). ``traces``: ``msm``, ``path`` (AS numbers in order, list).
    ``queries``: ``failed``.
    """

    pings: pl.DataFrame
    traces: pl.DataFrame
    queries: pl.DataFrame
    notes: dict[str, int] = field(default_factory=dict)


def lines(data: bytes, *, source: str) -> Iterator[tuple[str, Any]]:
    """Each result with its place; None for a line that is no JSON. Raises UpstreamChanged for what holds no results."""
    start = data.lstrip()[:1]
    if start == b"[":
        listed = json_value(data, source=source)
        if not isinstance(listed, list):
            raise UpstreamChanged(source, f"begins with {begins(data)}; expected a list of results")
        yield from ((f"result {number}", one) for number, one in enumerate(listed))
        return
    if start != b"{":
        raise UpstreamChanged(source, f"begins with {begins(data)}; expected results, one a line or in a list")
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", orjson.loads(line)
            except orjson.JSONDecodeError:
                yield f"line {number}", None


def slim(data: bytes, *, source: str) -> bytes:
    """The results, one a line, with what is read of them and without the hosts of addresses. A line that is no JSON
    becomes ``?``, which :func:`read` counts. Raises what :func:`lines` raises."""
    out = []
    for _place, one in lines(data, source=source):
        if not isinstance(one, dict):
            out.append(b"?")
        else:
            kept = {key: one[key] for key in _KEPT if key in one}
            out.append(orjson.dumps({k: _blurred(v, _RESOLVERS if k == "resultset" else _OWN) for k, v in kept.items()}
                                    | ({"from": blur(kept["from"])} if "from" in kept else {})))  # fmt: skip
    return b"\n".join(out) + b"\n"


def _blurred(value: Any, dropped: frozenset[str]) -> Any:
    """Nested values without the ``dropped`` fields, and without the host of whoever answered (``from``)."""
    if isinstance(value, list):
        return [_blurred(one, dropped) for one in value]
    if not isinstance(value, dict):
        return value
    return {k: blur(v) if k == "from" else _blurred(v, dropped) for k, v in value.items() if k not in dropped}


def read(data: bytes, rejected: Rejections, *, source: str) -> Results:
    """All results of an answer as tables. Raises UpstreamChanged when none of its lines is JSON."""
    frames: dict[str, list[tuple[Any, ...]]] = {"ping": [], "traceroute": [], "dns": []}
    notes = {"pings": 0, "traceroutes": 0, "queries": 0, "passed_over": 0, "not_sent": 0}
    readable = 0
    for place, one in lines(data, source=source):
        if not isinstance(one, dict):
            rejected.add("line is no result", place)
            continue
        readable += 1
        told = one.get("type")
        kind = told if isinstance(told, str) and told else TYPES.get(str(one.get("msm_name")))
        if kind is None or kind not in frames:
            notes["passed_over"] += 1
            if kind is None:
                rejected.add("result without a type", place)
            continue
        t, probe = moment(one.get("timestamp")), one.get("prb_id")
        if t is None or not isinstance(probe, int) or isinstance(probe, bool) or not 0 <= probe < 2**62:
            rejected.add("result without time and probe", f"{place}: {kind}")
            continue
        fault = _READERS[kind](one, (t, probe, one.get("from")), frames[kind], notes)
        rejected.add(fault or "", f"{place}: {kind}", 1 if fault else 0)
    if not readable:
        raise UpstreamChanged(source, f"begins with {begins(data)}; none of its lines is a result")
    notes |= {"pings": len(frames["ping"]), "traceroutes": len(frames["traceroute"]), "queries": len(frames["dns"])}
    head = {"t": pl.Int64, "probe": pl.Int64, "from": pl.Int64, "target": pl.String}
    hops = frames["traceroute"]
    places = _Places([row[2] for rows in frames.values() for row in rows] + [a for row in hops for a in row[5]])
    pings = _table(frames["ping"], {**head, "sent": pl.Int64, "rcvd": pl.Int64, "rtts": pl.List(pl.Float64)}, places)
    for number, row in enumerate(hops):
        hops[number] = (*row[:5], places.path(row[5]))
    traces = _table(hops, {**head, "msm": pl.Int64, "path": pl.List(pl.Int64)}, places)
    queries = _table(frames["dns"], {**head, "failed": pl.Boolean}, places)
    unknown = sum(frame["asn"].null_count() for frame in (pings, traces, queries))
    return Results(pings, traces, queries, {**notes, "without_network": unknown})


def _ping(one: dict[str, Any], head: tuple[Any, ...], out: list[tuple[Any, ...]], notes: dict[str, int]) -> str:
    """Packets that a probe could not even send say nothing of the network, and count neither as sent nor as lost."""
    target, replies = _target(one), one.get("result")
    sent, rcvd = _count(one.get("sent")), _count(one.get("rcvd"))
    if target is None or not isinstance(replies, list) or sent is None or rcvd is None or rcvd > sent:
        return "ping without target and packets"
    told = [reply for reply in replies if isinstance(reply, dict)]
    failed = sum("error" in reply for reply in told)
    notes["not_sent"] += failed
    rtts = [float(r["rtt"]) for r in told if "dup" not in r and _is_rtt(r.get("rtt"))]
    if rcvd <= sent - failed and sent > failed:
        out.append((*head, target, sent - failed, rcvd, rtts[:rcvd]))
    return ""


def _traceroute(one: dict[str, Any], head: tuple[Any, ...], out: list[tuple[Any, ...]], notes: dict[str, int]) -> str:
    """The first address that answered at each hop, in order."""
    target, msm, hops = _target(one), one.get("msm_id"), one.get("result")
    if target is None or not isinstance(msm, int) or not 0 <= msm < 2**62 or not isinstance(hops, list):
        return "traceroute without target and hops"
    path = []
    for hop in hops[:MOST]:
        replies = hop.get("result") if isinstance(hop, dict) else None
        for reply in replies if isinstance(replies, list) else ():
            if isinstance(reply, dict) and isinstance(reply.get("from"), str) and "late" not in reply:
                path.append(reply["from"])
                break
    out.append((*head, target, msm, path))
    return ""


def _dns(one: dict[str, Any], head: tuple[Any, ...], out: list[tuple[Any, ...]], notes: dict[str, int]) -> str:
    """One query, or those of a set to the probe's own resolvers. A probe without a resolver asked nobody."""
    asked = one.get("resultset")
    target = RESOLVER if isinstance(asked, list) else _target(one)
    if target is None:
        return "query without target"
    wrong = 0
    for query in asked[:MOST] if isinstance(asked, list) else [one]:
        answer, error = (query.get("result"), query.get("error")) if isinstance(query, dict) else (None, None)
        if isinstance(error, dict) and "nameserver" in error:
            notes["not_sent"] += 1
        elif isinstance(answer, dict) and _is_rtt(answer.get("rt")):
            out.append((*head, target, _rcode(answer.get("abuf")) in FAILURES))
        elif error:
            out.append((*head, target, True))
        else:
            wrong += 1
    return "query without answer or error" if wrong else ""


_READERS = {"ping": _ping, "traceroute": _traceroute, "dns": _dns}


def _table(rows: list[tuple[Any, ...]], schema: dict[str, Any], places: _Places) -> pl.DataFrame:
    """Rows with the network and country of their probes in place of ``from``."""
    numbered = [(*row[:2], places.number(row[2]), *row[3:]) for row in rows]
    return (
        pl.DataFrame(numbered, schema=schema, orient="row")
        .join(places.table, on="from", how="left", maintain_order="left")
        .drop("from")
    )


class _Places:
    """Network and country of many addresses, each looked up once; addresses themselves go no further."""

    def __init__(self, addresses: list[Any]) -> None:
        self._numbers = {text: n for n, text in enumerate({a for a in addresses if isinstance(a, str)})}
        known = list(self._numbers)
        self.table = pl.DataFrame(
            {
                "from": pl.Series(range(len(known)), dtype=pl.Int64),
                "asn": networks_of(known)["asn"].cast(pl.Int64),
                "cc": countries_of(known)["cc"],
            }
        )
        self._asns = self.table["asn"].to_list()

    def number(self, address: Any) -> int | None:
        """The place of an address in ``table``."""
        return self._numbers.get(address) if isinstance(address, str) else None

    def path(self, addresses: list[str]) -> list[int]:
        """The networks along a path, each once in a row; routers of no known network are left out."""
        out: list[int] = []
        for address in addresses:
            asn = self._asns[self._numbers[address]]
            if asn is not None and (not out or out[-1] != asn):
                out.append(asn)
        return out


def _target(one: dict[str, Any]) -> str | None:
    """What was measured: the target's name, or its address where it has none."""
    names = (one.get("dst_name"), one.get("dst_addr"), one.get("name"), one.get("addr"))
    return next((name[:200] for name in names if isinstance(name, str) and name), None)


def _rcode(abuf: Any) -> int | None:
    """The response code of a DNS message in base64; None where it cannot be read."""
    try:
        head = base64.b64decode(abuf[:8], validate=True) if isinstance(abuf, str) else b""
    except (binascii.Error, ValueError):
        return None
    return head[3] & 15 if len(head) >= 4 else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST else None


def _is_rtt(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < LONGEST_MS
