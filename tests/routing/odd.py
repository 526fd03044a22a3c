"""What the tests of the origin watch share: peers that show a prefix with another origin."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from radar.routing.origins import OriginWatch
from radar.routing.relations import Relations
from radar.routing.rpki import Vrps
from radar.shapes import RouteEvent
from tests.routing.cases import at

START = at("2026-03-02 10:00:00")
#: The suspect's number is nobody's.
PREFIX, HOLDER, SUSPECT = "193.0.0.0/21", 3333, 399_995
PEERS = [f"rrc00|198.18.0.{n}" for n in range(1, 21)]


def shows(watch: OriginWatch, peers: Iterable[int], time: float = START, *, prefix: str = PREFIX,
          origin: int = SUSPECT, known: tuple[int, ...] = (HOLDER,), tail: str = "1299") -> None:  # fmt: skip
    """So many peers see the prefix with another origin; each is a network of its own."""
    for n in peers:
        watch.take(time, prefix, origin, f"{100 + n} {tail} {origin}", PEERS[n], 100 + n, known)


def minute(watch: OriginWatch, number: int = 1, *, full: list[str] = PEERS) -> list[RouteEvent]:
    return watch.minute(START + 60 * number, full, [])


def relations(*lines: str) -> Relations:
    return Relations.load("\n".join([*lines, f"1299|{HOLDER}|-1", f"1299|{SUSPECT}|-1"]).encode())


def signed(*rows: tuple[str, int, int]) -> Vrps:
    roas = [{"prefix": prefix, "asn": asn, "maxLength": longest} for prefix, asn, longest in rows]
    return Vrps.load(orjson.dumps({"roas": roas}))


def texts(event: RouteEvent, side: str) -> str:
    return " ".join(event[side])  # type: ignore[literal-required]
