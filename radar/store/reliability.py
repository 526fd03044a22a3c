"""How reliable each entity was over twelve months: one hash field each, so that a page reads just the one it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast

import orjson

from radar.errors import StoreUnavailable
from radar.shapes.reliability import Reliability
from radar.store import Store, asking, keys
from radar.store.wire import Guard, free, put_fields
from radar.times import parse, rfc3339


def write(client: Store, rows: Mapping[str, Reliability], *, guard: Guard = free) -> None:
    """Write these entities; ``guard`` as in ``wire.exchange``. Raises StoreUnavailable."""
    body = {key: orjson.dumps(row) for key, row in rows.items()}
    put_fields(client, keys.RELIABILITY, body, what="write reliability", guard=guard)


def read_many(client: Store, entities: Iterable[str]) -> dict[str, Reliability | None]:
    """These entities; None where nothing was counted. Raises StoreUnavailable, also for bytes that are not JSON."""
    wanted = list(dict.fromkeys(entities))
    if not wanted:
        return {}
    with asking("read reliability"):
        found = cast("list[bytes | None]", client.hmget(keys.RELIABILITY, wanted))
    try:
        return {key: None if raw is None else orjson.loads(raw) for key, raw in zip(wanted, found, strict=True)}
    except orjson.JSONDecodeError as error:
        raise StoreUnavailable(f"read reliability: what the store holds is not JSON ({error})") from error


def read(client: Store, entity: str) -> Reliability | None:
    """One entity; otherwise as ``read_many``."""
    return read_many(client, [entity])[entity]


def counted(client: Store) -> datetime | None:
    """Up to when all entities are counted; None before the first time. Raises StoreUnavailable."""
    with asking("read reliability"):
        raw = cast("bytes | None", client.get(keys.RELIABILITY_UNTIL))
    return None if raw is None else parse(raw.decode())


def note(client: Store, until: datetime) -> None:
    """Remember up to when all entities are counted. Raises StoreUnavailable."""
    with asking("write reliability"):
        client.set(keys.RELIABILITY_UNTIL, rfc3339(until))
