"""Logs that make counting as dear as it can be: every line another client, network, name, rule, title or provider.

Made up, of a fixed seed; the addresses are drawn from all of IPv4 and stand for nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

#: Lines that are drawn at a time.
_STEP = 20_000
#: The bins of the lines: twelve of five minutes from 2026-03-02T00:00Z.
HOUR = "2026-03-02T00"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36"


def written(form: str, path: Path, size: int) -> int:
    """Write about so many bytes of a form; return the number of lines."""
    with path.open("wb") as out:
        return put(form, out, size)


def put(form: str, out: IO[bytes], size: int) -> int:
    """The same into an open file."""
    draw = np.random.default_rng(20260302)
    count = written = 0
    while written < size:
        lines = list(FORMS[form](draw, count))
        block = ("\n".join(lines) + "\n").encode()
        out.write(block)
        written += len(block)
        count += len(lines)
    return count


def _clients(draw: np.random.Generator) -> Iterator[str]:
    for one in draw.integers(1 << 24, 224 << 24, _STEP).tolist():
        yield f"{one >> 24}.{one >> 16 & 255}.{one >> 8 & 255}.{one & 255}"


def _edge(draw: np.random.Generator, first: int) -> Iterator[str]:
    """NDJSON of our own: half of the lines with a client, half with a network and a provider of their own."""
    numbers = zip(_clients(draw), draw.integers(1, 2**32 - 1, _STEP).tolist(), draw.lognormal(3.5, 0.6, _STEP).tolist(),
                  strict=True)  # fmt: skip
    for at, (client, asn, rtt) in enumerate(numbers, first):
        who = f'"client":"{client}"' if at % 2 else f'"country":"DE","asn":{asn},"provider":"p{asn % 1_000_003}"'
        yield (f'{{"time":"{HOUR}:{at % 60:02d}:07Z",{who},"status":200,"bytes":{asn % 90_000},"rtt_ms":{rtt:.1f},'
               f'"agent":"{_AGENT} {_AGENT} {_AGENT}"}}')  # fmt: skip


def _combined(draw: np.random.Generator, first: int) -> Iterator[str]:
    for at, (client, size) in enumerate(
        zip(_clients(draw), draw.integers(1, 300_000, _STEP).tolist(), strict=True), first
    ):
        yield (f'{client} - - [02/Mar/2026:00:{at % 60:02d}:07 +0000] "GET /a/{at}?q=1 HTTP/2.0" 200 {size} '
               f'"https://example.com/x" "{_AGENT}" rtt={size}us')  # fmt: skip


def _dns(draw: np.random.Generator, first: int) -> Iterator[str]:
    """Queries of BIND: a name of its own below a zone of its own, but for every tenth line."""
    for at, (client, name) in enumerate(
        zip(_clients(draw), draw.integers(0, 2**62, _STEP).tolist(), strict=True), first
    ):
        zone = f"shop{at // 10 % 5000}" if at % 10 == 0 else f"z{name}"
        asked = f"{'a' * 60}.{'b' * 60}.www{name}.{zone}.example"
        yield (f"02-Mar-2026 00:{at % 60:02d}:07.123 queries: info: client @0x7f01ab {client}#53124 ({asked}): query: "
               f"{asked} IN A +E(0)K (10.0.0.1)")  # fmt: skip


def _waf(draw: np.random.Generator, first: int) -> Iterator[str]:
    """NDJSON of our own: rule, title, CVE number and provider of its own in every line."""
    for at, (client, one) in enumerate(
        zip(_clients(draw), draw.integers(0, 2**62, _STEP).tolist(), strict=True), first
    ):
        word = f"{one:x}".translate(str.maketrans("0123456789", "ghijklmnop"))
        yield (f'{{"time":"{HOUR}:{at % 60:02d}:07Z","rule":"R{one}","title":"Attack of {word} on {word[::-1]}",'
               f'"cve":"CVE-2024-{one % 1_000_000:06d}","action":"blocked","client":"{client}","target_country":"FR",'
               f'"provider":"p{one % 1_000_003}","uri":"/{"x" * 1000}"}}')  # fmt: skip


def _csv(draw: np.random.Generator, first: int) -> Iterator[str]:
    """CSV of which every field is quoted."""
    if not first:
        yield "time,client,status,bytes,country"
    for at, client in enumerate(_clients(draw), first):
        yield f'"{HOUR}:{at % 60:02d}:07Z","{client}","200","{at}","DE"'


def _audit(draw: np.random.Generator, first: int) -> Iterator[str]:
    """ModSecurity's audit log: 90 rules of its own in each line."""
    for at, client in enumerate(list(_clients(draw))[:100], first):
        found = [f'{{"message":"m{one} x","details":{{"ruleId":"{one}","tags":["CVE-2024-{one % 1_000_000:06d}"]}}}}'
                 for one in draw.integers(0, 2**40, 90).tolist()]  # fmt: skip
        yield (f'{{"transaction":{{"client_ip":"{client}","time_stamp":"Mon Mar  2 00:{at % 60:02d}:00 2026",'
               f'"messages":[{",".join(found)}]}}}}')  # fmt: skip


FORMS: dict[str, Callable[[np.random.Generator, int], Iterator[str]]] = {
    "edge": _edge, "combined": _combined, "csv": _csv, "dns": _dns, "waf": _waf, "audit": _audit,
}  # fmt: skip
