"""A lease: at most one worker does a thing at a time, and a worker that dies does not block it for ever.

The lease is a key with a time to live and a random token. A worker that was stopped for longer than that may wake up
and believe that it still holds the lease. Two things keep it from writing then:

- ``documents.publish(lease=...)`` checks the token in the same transaction as it writes.
- Series lie on other nodes and are written by the thousand. Each write looks at the token once its connection stands
  (:meth:`Lease.check`), and whoever takes over closes the connections of the worker before (:func:`cut_off`): one that
  was stopped between its look and its write finds that nobody listens.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast

from redis.exceptions import ResponseError

from radar.errors import StoreUnavailable
from radar.store import Store, asking, keys, primaries, reason

log = logging.getLogger(__name__)

_TAKE = """
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
if ARGV[3] == '' then return '' end
local before = string.match(redis.call('HGET', KEYS[2], ARGV[4]) or '', '^%S*')
redis.call('HSET', KEYS[2], ARGV[4], ARGV[3] .. ' ' .. before)
return before
"""
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_RELEASE = """
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' and string.match(redis.call('HGET', KEYS[2], ARGV[3]) or '', '^%S*') == ARGV[2] then
  redis.call('HDEL', KEYS[2], ARGV[3])
end
return redis.call('DEL', KEYS[1])
"""


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was granted. ``token`` is what the server's key holds as long as it is ours. ``holder``: who took
    it, where that is told; ``before``: who had it and never gave it back, "" for nobody."""

    client: Store
    name: str
    token: bytes
    ttl_s: float
    holder: str = ""
    before: str = ""

    @property
    def key(self) -> str:
        """Key of the lease in the store."""
        return keys.lease(self.name)

    def renew(self) -> bool:
        """Start its time anew; False when it was lost meanwhile. Raises StoreUnavailable."""
        with asking(f"renew lease {self.name}"):
            return bool(self.client.eval(_RENEW, 1, self.key, self.token, int(self.ttl_s * 1000)))

    def release(self) -> bool:
        """Give it back; False when it was lost meanwhile. Raises StoreUnavailable."""
        with asking(f"release lease {self.name}"):
            return bool(self.client.eval(_RELEASE, 2, self.key, keys.HOLDERS, self.token, self.holder, self.name))

    def held(self) -> bool:
        """Is it still ours? Raises StoreUnavailable."""
        with asking(f"look at lease {self.name}"):
            return bool(self.client.get(self.key) == self.token)

    def close(self, pipe: Any, seconds: float) -> None:
        """Add to a transaction that nobody may take it for so long, nor its holder give it back: what it was taken for
        is done by this transaction."""
        pipe.set(self.key, b"done", px=int(seconds * 1000))

    def check(self) -> None:
        """Return when it is still ours. Raises StoreUnavailable otherwise."""
        if not self.held():
            raise StoreUnavailable(f"the lease {self.name} is held by another worker; nothing more is written")


@dataclass(frozen=True, slots=True)
class Held:
    """Who has a lease. ``before``: from whom it was taken over, as that one never gave it back; "" for nobody.
    ``runs``: False when its time is over and nobody has taken it over yet."""

    holder: str
    before: str
    runs: bool


def acquire(client: Store, name: str, ttl_s: float, *, holder: str = "") -> Lease | None:
    """Take the lease, or None while another worker holds it. ``holder``: who takes it, a text without spaces that
    :func:`holders` tells. Raises StoreUnavailable."""
    token = secrets.token_hex(16).encode()
    with asking(f"take lease {name}"):
        before: bytes | None = client.eval(
            _TAKE, 2, keys.lease(name), keys.HOLDERS, token, int(ttl_s * 1000), holder, name
        )
    return None if before is None else Lease(client, name, token, ttl_s, holder, before.decode())


def holders(client: Store, names: Iterable[str]) -> dict[str, Held]:
    """Who has which of these leases; those that nobody has, or nobody by name, are left out. StoreUnavailable."""
    wanted = list(names)
    if not wanted:
        return {}
    with asking("look who holds the leases"):
        told = cast("list[bytes | None]", client.hmget(keys.HOLDERS, wanted))
        there = cast("list[bytes | None]", client.mget([keys.lease(name) for name in wanted]))
    found = {}
    for name, text, token in zip(wanted, told, there, strict=True):
        if text is not None:
            holder, _, before = text.decode().partition(" ")
            found[name] = Held(holder, before, token is not None)
    return found


def cut_off(client: Store, holder: str) -> int:
    """Close all connections of a worker whose lease was taken over: those that carry its name (``store.connect``).
    Returns how many. A server that does not allow it is told in the log: then one buffer may still be written late.

    Raises StoreUnavailable.
    """
    count = 0
    with asking(f"cut off {holder}"):
        for node in primaries(client):
            try:
                for row in node.client_list():
                    if row.get("name") == holder:
                        count += int(node.client_kill_filter(_id=row["id"]))
            except ResponseError as error:
                log.warning("connections of %s are not closed: %s", holder, reason(error))
    return count


@contextmanager
def lock(client: Store, name: str, ttl_s: float) -> Iterator[Lease | None]:
    """Hold the lease for the block; None inside the block when another worker holds it.

    Choose ``ttl_s`` several times the length of the work, or call ``renew`` between its steps.

    Raises
    ------
    StoreUnavailable
        The lease could not be asked for. When giving it back fails, it runs out by itself.
    """
    lease = acquire(client, name, ttl_s)
    try:
        yield lease
    finally:
        if lease is not None:
            with suppress(StoreUnavailable):
                lease.release()
