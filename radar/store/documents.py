"""Published documents: what pages, API and feeds read. Their shapes are in radar/shapes.py.

One publication is one transaction: documents, entity states, the detector's memory and the version counter change
together or not at all. Readers who need several take them with ``read`` or ``get_many`` and so never see half of one.
JSON holds times as RFC 3339 texts; a ``datetime`` is refused, and a NaN is written as null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from redis.exceptions import WatchError

from radar.errors import StoreUnavailable
from radar.shapes import EntityState
from radar.store import Store, asking, keys, transaction
from radar.store.lease import Lease

#: A lease that its own holder renews in mid-publication is looked at again, so many times at most.
_TRIES = 5
#: What redis-py says where the lease was touched, and not where the connection was lost.
_CHANGED = "Watched variable changed."


@dataclass(frozen=True, slots=True)
class Published:
    """Documents of one version. ``docs`` holds None for a name that is not there; ``states`` is by entity key."""

    version: int
    docs: dict[str, Any]
    states: dict[str, EntityState]


def get(client: Store, name: str) -> Any:
    """One document, or None when there is none of that name. Raises StoreUnavailable."""
    with asking(f"read document {name}"):
        return _loads(name, cast("bytes | None", client.get(keys.document(name))))


def get_many(client: Store, names: Iterable[str]) -> dict[str, Any]:
    """Several documents of one and the same version; None for a name that is not there. Raises StoreUnavailable."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    with asking("read documents"):
        found = cast("list[bytes | None]", client.mget([keys.document(name) for name in wanted]))
    return {name: _loads(name, raw) for name, raw in zip(wanted, found, strict=True)}


def read(client: Store, names: Iterable[str], *, states: bool | Iterable[str] = False) -> Published:
    """Version, documents and entity states of one and the same publication, in one round trip.

    Parameters
    ----------
    names
        Documents that are wanted.
    states
        True for all entity states, or the keys of those that are wanted; an entity without a state is left out.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked, or holds something that is not JSON.
    """
    wanted = list(dict.fromkeys(names))
    fields = [] if isinstance(states, bool) else list(dict.fromkeys(states))
    with asking("read documents"), transaction(client, keys.VERSION) as pipe:
        pipe.get(keys.VERSION)
        if wanted:
            pipe.mget([keys.document(name) for name in wanted])
        if states is True:
            pipe.hgetall(keys.STATES)
        elif fields:
            pipe.hmget(keys.STATES, fields)
        answers = pipe.execute()
    number = int(answers[0] or 0)
    docs = {name: _loads(name, raw) for name, raw in zip(wanted, answers[1] if wanted else (), strict=True)}
    found: dict[str, bytes | None] = {}
    if states is True:
        found = {key.decode(): raw for key, raw in answers[-1].items()}
    elif fields:
        found = dict(zip(fields, answers[-1], strict=True))
    return Published(number, docs, {key: _loads(key, raw) for key, raw in found.items() if raw is not None})


def version(client: Store) -> int:
    """Number of the latest publication; 0 before the first. Raises StoreUnavailable."""
    with asking("read version"):
        return int(cast("bytes | None", client.get(keys.VERSION)) or 0)


def states(client: Store) -> dict[str, EntityState]:
    """All entity states by entity key. Raises StoreUnavailable."""
    with asking("read entity states"):
        found = cast("dict[bytes, bytes]", client.hgetall(keys.STATES))
    return {key.decode(): _loads(key.decode(), raw) for key, raw in found.items()}


def state(client: Store, entity: str) -> EntityState | None:
    """The state of one entity, or None when nothing was ever published about it. Raises StoreUnavailable."""
    with asking(f"read state of {entity}"):
        return cast("EntityState | None", _loads(entity, cast("bytes | None", client.hget(keys.STATES, entity))))


def blob(client: Store, name: str) -> bytes | None:
    """Bytes that were published under this name, or None. Raises StoreUnavailable."""
    with asking(f"read {name}"):
        return cast("bytes | None", client.get(keys.blob(name)))


def blobs(client: Store, names: Iterable[str]) -> dict[str, bytes | None]:
    """Bytes that were published under these names, all of one version; None where there are none. StoreUnavailable."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    with asking("read detector memory"):
        found = cast("list[bytes | None]", client.mget([keys.blob(name) for name in wanted]))
    return dict(zip(wanted, found, strict=True))


def publish(
    client: Store,
    docs: Mapping[str, object],
    states: Mapping[str, EntityState | None] | None = None,
    blobs: Mapping[str, bytes | None] | None = None,
    *,
    lease: Lease | None = None,
    within: Callable[[Any], None] | None = None,
) -> int:
    """Write all of it in one transaction and return the new version.

    Parameters
    ----------
    docs
        Documents by name; None removes one. Those that are not named stay as they are.
    states
        Entity states by key; None removes one.
    blobs
        Bytes by name, such as a detector's memory or the cursor into the archive; None removes one.
    lease
        When given, nothing is written unless this lease is still ours.
    within
        Adds commands to the same transaction, on keys that lie beside the documents.

    Raises
    ------
    StoreUnavailable
        Nothing is known to be written: the server cannot be asked, or the lease was lost. Publishing the same
        again is safe; only the version may then grow by two.
    TypeError
        A document holds something that is not JSON, such as a datetime. Nothing was written.
    """
    new_docs = {keys.document(name): None if body is None else _dumps(name, body) for name, body in docs.items()}
    new_blobs = {keys.blob(name): body for name, body in (blobs or {}).items()}
    new_states = {entity: None if row is None else _dumps(entity, row) for entity, row in (states or {}).items()}
    strings = {key: body for key, body in (*new_docs.items(), *new_blobs.items()) if body is not None}
    gone = [key for key, body in (*new_docs.items(), *new_blobs.items()) if body is None]
    fields = {entity: row for entity, row in new_states.items() if row is not None}
    removed = [entity for entity, row in new_states.items() if row is None]

    def once() -> int:
        with transaction(client, keys.VERSION) as pipe:
            if lease is not None:
                pipe.watch(lease.key)
                if pipe.get(lease.key) != lease.token:
                    raise StoreUnavailable(
                        f"publish: the lease {lease.name} is held by another worker; nothing was written"
                    )
                pipe.multi()
            if strings:
                pipe.mset(strings)
            if gone:
                pipe.delete(*gone)
            if fields:
                pipe.hset(keys.STATES, mapping=fields)
            if removed:
                pipe.hdel(keys.STATES, *removed)
            if within is not None:
                within(pipe)
            pipe.incr(keys.VERSION)
            return int(pipe.execute()[-1])

    with asking("publish"):
        for _ in range(_TRIES):
            try:
                return once()
            except WatchError as error:
                if str(error) != _CHANGED:  # the connection was closed
                    break  # else it was renewed, or is another worker's: the next try tells
    name = lease.name if lease else ""
    raise StoreUnavailable(f"publish: the lease {name} was lost meanwhile; nothing was written")


def _dumps(name: str, body: object) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError as error:
        raise TypeError(f"document {name!r} is not JSON: {error}") from None


def put(client: Store, name: str, body: object) -> None:
    """Write one document that belongs to no publication: the version stays, and nothing else changes with it.

    Raises StoreUnavailable, and TypeError for what is not JSON.
    """
    with asking(f"write document {name}"):
        client.set(keys.document(name), _dumps(name, body))


def _loads(name: str, raw: bytes | None) -> Any:
    if raw is None:
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise StoreUnavailable(f"document {name!r} in the store is not JSON: {error}") from None
