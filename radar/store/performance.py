"""How each entity performed in the last hour: one hash field each, so that a page reads just the one it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import orjson

from radar.errors import StoreUnavailable
from radar.shapes.quality import Performance
from radar.store import Store, asking, keys
from radar.store.wire import Guard, free, put_fields


def write(client: Store, rows: Mapping[str, Performance], gone: Iterable[str] = (), *, guard: Guard = free) -> None:
    """Write these entities and remove those that are gone; ``guard`` as in ``wire.exchange``. StoreUnavailable."""
    body = {key: orjson.dumps(row) for key, row in rows.items()}
    put_fields(client, keys.PERFORMANCE, body, gone, what="write performance", guard=guard)


def known(client: Store) -> set[str]:
    """Keys of all entities that are written down. Raises StoreUnavailable."""
    with asking("read performance"):
        return {key.decode() for key in cast("list[bytes]", client.hkeys(keys.PERFORMANCE))}


def read(client: Store, entity: str) -> Performance | None:
    """One entity; None where nothing was measured in its last day. Raises StoreUnavailable."""
    return read_many(client, [entity])[entity]


def read_many(client: Store, entities: Iterable[str]) -> dict[str, Performance | None]:
    """Several entities. Raises StoreUnavailable, also for bytes that are not JSON."""
    wanted = list(dict.fromkeys(entities))
    if not wanted:
        return {}
    with asking("read performance"):
        found = cast("list[bytes | None]", client.hmget(keys.PERFORMANCE, wanted))
    try:
        return {key: None if raw is None else orjson.loads(raw) for key, raw in zip(wanted, found, strict=True)}
    except orjson.JSONDecodeError as error:
        raise StoreUnavailable(f"read performance: what the store holds is not JSON ({error})") from error
