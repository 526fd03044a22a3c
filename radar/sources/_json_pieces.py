"""JSON objects out of a stream, whatever stands between them: a list of any length, or objects over many lines.

What JSON readers of the standard kind hold as a whole is cut here into lines of one object each, in bounded memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from radar.sources._log_unpacked import STEP
from radar.sources._rejections import Rejections

#: A text with its end (or without: the stream goes on), or a brace.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*("?)|[{}]', re.DOTALL)


def objects(stream: Any, limit: int, rejected: Rejections) -> Iterator[tuple[bytes, int]]:
    """Pieces of about ``limit`` bytes, one object a line, and the number of the first object in each, from 1.

    ``stream.read`` gives bytes. An object of more than ``limit`` bytes, and one without its end, is counted in
    ``rejected``.
    """
    rest = bytearray()
    found: list[bytes] = []
    size = depth = at = begin = 0
    number = first = 1
    while part := stream.read(STEP):
        rest += part
        for token in _TOKEN.finditer(rest, at):
            at = token.start()
            if token[1] == b"":
                break
            at = token.end()
            if token[0] == b"{":
                begin = token.start() if depth == 0 else begin
                depth += 1
            elif token[0] == b"}" and depth:
                depth -= 1
                if depth:
                    continue
                one = bytes(rest[begin:at]).replace(b"\n", b" ").replace(b"\r", b" ")
                number += 1
                if len(one) > limit:
                    rejected.add("object is too long", f"object {number - 1}: expected at most {limit} bytes")
                    continue
                found.append(one)
                size += len(one)
                if size >= limit:
                    yield b"\n".join(found) + b"\n", first
                    found, size, first = [], 0, number
        else:
            at = len(rest)
        done = begin if depth else at
        del rest[:done]
        at -= done
        begin = 0
    if found:
        yield b"\n".join(found) + b"\n", first
    if depth:
        rejected.add("object has no end", f"object {number}: {len(rest)} bytes")
