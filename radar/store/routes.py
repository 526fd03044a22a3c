"""The routing table's view of each entity, and that of its paths: one hash field each, so that a page reads just the
one it shows.

Ninety thousand networks are evaluated each minute and few of them change, so only what changed is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson

from radar.errors import StoreUnavailable
from radar.shapes import RoutingView
from radar.shapes.paths import PathsView
from radar.store import Store, asking, keys

#: Fields in one command: what bounds the size of a request.
_BATCH = 5000


def write(client: Store, views: Mapping[str, RoutingView], gone: Iterable[str] = ()) -> None:
    """Write these views and remove those that are gone. Raises StoreUnavailable."""
    _write(client, keys.ROUTES, views, gone)


def write_paths(client: Store, views: Mapping[str, PathsView], gone: Iterable[str] = ()) -> None:
    """The same of paths. Raises StoreUnavailable."""
    _write(client, keys.PATHS, views, gone)


def read(client: Store, entity: str) -> RoutingView | None:
    """The view of one entity; None where the table has never held it. Raises StoreUnavailable."""
    return read_many(client, [entity])[entity]


def read_many(client: Store, entities: Iterable[str]) -> dict[str, RoutingView | None]:
    """The views of several entities. Raises StoreUnavailable, also for bytes that are not JSON."""
    return _read(client, keys.ROUTES, entities)


def read_paths(client: Store, entities: Iterable[str]) -> dict[str, PathsView | None]:
    """What the paths say of several entities; None where they say nothing. Raises StoreUnavailable, also for bytes that
    are not JSON."""
    return _read(client, keys.PATHS, entities)


def _write(client: Store, key: str, views: Mapping[str, Any], gone: Iterable[str]) -> None:
    rows = list(views.items())
    with asking("write routes"):
        for at in range(0, len(rows), _BATCH):
            client.hset(key, mapping={name: orjson.dumps(view) for name, view in rows[at : at + _BATCH]})
        names = list(gone)
        for at in range(0, len(names), _BATCH):
            client.hdel(key, *names[at : at + _BATCH])


def _read(client: Store, key: str, entities: Iterable[str]) -> dict[str, Any]:
    wanted = list(dict.fromkeys(entities))
    if not wanted:
        return {}
    with asking("read routes"):
        found = cast("list[bytes | None]", client.hmget(key, wanted))
    try:
        return {name: None if raw is None else orjson.loads(raw) for name, raw in zip(wanted, found, strict=True)}
    except orjson.JSONDecodeError as error:
        raise StoreUnavailable(f"read routes: what the store holds is not JSON ({error})") from error
