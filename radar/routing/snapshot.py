"""A session on disk and back: the same state, bit by bit.

Form: a line of JSON (names, numbers, peers, shapes), a newline, then the arrays one after the other; all of it packed
with zstd. Cells are mostly alike from peer to peer, so a table of 300 MB becomes a few.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import zstandard

from radar.routing.cells import Half, Peer, Sparse
from radar.routing.session import Session

#: Changes with the form; a snapshot of another one is not read.
VERSION = 1
#: Largest snapshot that is read, unpacked.
LARGEST = 16 * 2**30


def dump(session: Session, extra: dict[str, Any]) -> Iterator[bytes]:
    """The session as packed bytes, part by part; ``extra`` is JSON that comes back from :func:`load`."""
    arrays: list[Any] = []  # numpy arrays, and cells as they are

    def keep(values: Any) -> int:
        arrays.append(values)
        return len(arrays) - 1

    table, evaluator = session.table, session.evaluator
    head = {
        "version": VERSION,
        "source": session.source,
        "grain_s": session.grain_s,
        "extra": extra,
        "networks": keep(np.array(table.networks, np.uint32)),
        "settled": table.settled,
        "halves": [_half(half, keep, evaluator.ever(half)) for half in table.halves],
        "peers": [_peer(peer, keep) for peer in table.peers.values()],
        "entities": evaluator.index.keys,
        "tracked_at": session.tracked_at,
        "tracked": keep(np.array(session.tracked, np.int32)),
        "days": [[hour, *(None if part is None else keep(part) for part in parts)]
                 for hour, parts in sorted(session.days.items())],
        "chains": [keep(np.array(column, np.uint32)) for column in (table.chains.asns, table.chains.first)],
        "lasting": [[kept.began, keep(kept.keys), keep(kept.since)] for kept in session.lasting],
    }  # fmt: skip
    blobs = [memoryview(values.data if isinstance(values, np.ndarray) else values).cast("B")
             for values in arrays]  # fmt: skip
    head["arrays"] = [[len(blob), str(values.dtype) if isinstance(values, np.ndarray) else "u1"]
                      for blob, values in zip(blobs, arrays, strict=True)]  # fmt: skip
    packer = zstandard.ZstdCompressor(level=1, write_checksum=True).compressobj()
    yield packer.compress(orjson.dumps(head) + b"\n")
    for blob in blobs:
        for at in range(0, len(blob), 1 << 22):
            yield packer.compress(blob[at : at + (1 << 22)])
    yield packer.flush()


def load(session: Session, packed: bytes) -> dict[str, Any]:
    """Fill a new session with what :func:`dump` gave; returns ``extra``.

    Raises
    ------
    ValueError
        Bytes that are cut short, damaged, of another version or of another source; the session is then of no use.
    """
    head, parts = _read(packed)
    if head.get("version") != VERSION:
        raise ValueError(f"snapshot of version {head.get('version')}; expected {VERSION}")
    if (head["source"], head["grain_s"]) != (session.source, session.grain_s):
        raise ValueError(f"snapshot of {head['source']} every {head['grain_s']} s; expected {session.source}")
    table, evaluator = session.table, session.evaluator
    for asn in parts[head["networks"]].tolist()[1:]:
        table.number(asn)
    table.settled = head["settled"]
    for half, kept in zip(table.halves, head["halves"], strict=True):
        _fill(half, kept, parts)
    for key, kept in head["peers"]:
        table.peers[key] = _peer_back(key, kept, parts)
        for one in (*kept["cells"], *kept.get("ways", ())):
            if one is not None and "dense" in one:
                parts[one["dense"]] = None  # it is in the table now
    for key in head["entities"]:
        evaluator.index.number(key)
    for half, kept in zip(table.halves, head["halves"], strict=True):
        evaluator.restore(half, parts[kept["ever"]].astype(bool))
    session.tracked_at = head["tracked_at"]
    session.tracked = parts[head["tracked"]].tolist()
    session.days = {
        hour: (None if a is None else parts[a].copy(), None if b is None else parts[b].copy())
        for hour, a, b in head["days"]
    }
    if "chains" in head:  # one that was written before there were any lacks them: they are learned anew
        table.chains.load(*(parts[number].tolist() for number in head["chains"]))
        for mine, (began, keys, since) in zip(session.lasting, head["lasting"], strict=True):
            mine.began, mine.keys, mine.since = began, parts[keys].copy(), parts[since].copy()
    extra: dict[str, Any] = head["extra"]
    return extra


def _read(packed: bytes) -> tuple[dict[str, Any], list[Any]]:
    """The head and the arrays, one after the other, so that the whole is never there twice. Raises ValueError."""
    parts: list[Any] = []
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as stream, io.BufferedReader(stream) as body:
            line = body.readline(LARGEST)
            if not line.endswith(b"\n"):
                raise ValueError("the snapshot is cut short")
            head: dict[str, Any] = orjson.loads(line)
            for size, dtype in head.get("arrays", ()):
                raw = body.read(size)
                if len(raw) != size:
                    raise ValueError(f"the snapshot is cut short: {len(raw)} of {size} bytes of an array")
                parts.append(np.frombuffer(raw, dtype))
            if body.read(1):
                raise ValueError("the snapshot goes on after its end")
    except (zstandard.ZstdError, OSError) as error:
        raise ValueError(f"the snapshot is damaged: {error}") from error
    return head, parts


def _half(half: Half, keep: Any, ever: Any) -> dict[str, Any]:
    return {
        "names": half.names,
        "aliases": [[text, pid] for text, pid in half.ids.items() if half.names[pid] != text],
        "room": half.room,
        "origin": keep(np.array(half.origin, np.uint32)),
        "start": keep(np.array(half.start, np.int64)),
        "end": keep(np.array(half.end, np.int64)),
        "ever": keep(ever.astype(np.uint8)),
        "more": [[pid, others] for pid, others in half.more.items()],
        "young": [[pid, list(codes.items())] for pid, codes in half.young.items()],
        "fresh": [[pid, *kept] for pid, kept in half.fresh.items()],
        "logs": [keep(np.array(log, np.uint32)) for log in (half.announced, half.withdrawn, half.changed)],
    }


def _fill(half: Half, kept: dict[str, Any], parts: list[Any]) -> None:
    half.names = kept["names"]
    half.ids = {text: pid for pid, text in enumerate(half.names)} | dict(kept["aliases"])
    half.room = kept["room"]
    half.origin = array("I", parts[kept["origin"]].tobytes())
    half.start = array("q", parts[kept["start"]].tobytes())
    half.end = array("q", parts[kept["end"]].tobytes())
    half.more = dict(kept["more"])
    half.young = {pid: dict(codes) for pid, codes in kept["young"]}
    half.fresh = {pid: (since, text, tuple(owners)) for pid, since, text, owners in kept["fresh"]}
    logs = [array("I", parts[number].tobytes()) for number in kept["logs"]]
    half.announced, half.withdrawn, half.changed = logs


def _peer(peer: Peer, keep: Any) -> list[Any]:
    def kept(row: Any) -> dict[str, Any] | None:
        if isinstance(row, Sparse):
            return {"sparse": [[pid, code] for pid, code in row.items()]}
        return None if row is None else {"dense": keep(row)}

    return [peer.key, {"asn": peer.asn, "heard": peer.heard, "down": peer.down, "synced": peer.synced,
                       "dump": peer.dump, "cells": [kept(row) for row in peer.cells],
                       "ways": [kept(row) for row in peer.ways]}]  # fmt: skip


def _peer_back(key: str, kept: dict[str, Any], parts: list[Any]) -> Peer:
    cells: list[Any] = [
        bytearray(parts[one["dense"]].tobytes()) if "dense" in one else Sparse(map(tuple, one["sparse"]))
        for one in kept["cells"]
    ]
    ways: list[Any] = [
        None if one is None
        else array("I", parts[one["dense"]].tobytes()) if "dense" in one else Sparse(map(tuple, one["sparse"]))
        for one in kept.get("ways", (None, None))
    ]  # fmt: skip
    return Peer(key, kept["asn"], cells, kept["heard"], kept["down"], kept["synced"], kept["dump"], ways)
