"""The routing table's view of each entity: one hash field each, so that a page reads just the one it shows.

Ninety thousand networks are evaluated each minute and few of them change, so only what changed is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import orjson

from radar.errors import StoreUnavailable
from radar.shapes import RoutingView
from radar.store import Store, asking, keys

#: Fields in one command: what bounds the size of a request.
_BATCH = 5000


def write(client: Store, views: Mapping[str, RoutingView], gone: Iterable[str] = ()) -> None:
    """Write these views and remove those that are gone. Raises StoreUnavailable."""
    rows = list(views.items())
    with asking("write routes"):
        for at in range(0, len(rows), _BATCH):
            client.hset(keys.ROUTES, mapping={key: orjson.dumps(view) for key, view in rows[at : at + _BATCH]})
        names = list(gone)
        for at in range(0, len(names), _BATCH):
            client.hdel(keys.ROUTES, *names[at : at + _BATCH])


def read(client: Store, entity: str) -> RoutingView | None:
    """The view of one entity; None where the table has never held it. Raises StoreUnavailable."""
    return read_many(client, [entity])[entity]


def read_many(client: Store, entities: Iterable[str]) -> dict[str, RoutingView | None]:
    """The views of several entities. Raises StoreUnavailable, also for bytes that are not JSON."""
    wanted = list(dict.fromkeys(entities))
    if not wanted:
        return {}
    with asking("read routes"):
        found = cast("list[bytes | None]", client.hmget(keys.ROUTES, wanted))
    try:
        return {key: None if raw is None else orjson.loads(raw) for key, raw in zip(wanted, found, strict=True)}
    except orjson.JSONDecodeError as error:
        raise StoreUnavailable(f"read routes: what the store holds is not JSON ({error})") from error
