"""A lease: at most one worker does a thing at a time, and a worker that dies does not block it for ever.

The lease is a key with a time to live and a random token. A worker that was stopped for longer than that may wake up
and believe that it still holds the lease; therefore ``documents.publish(lease=...)`` checks the token in the same
transaction as it writes.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from radar.errors import StoreUnavailable
from radar.store import Store, asking, keys

_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was granted. ``token`` is what the server's key holds as long as it is ours."""

    client: Store
    name: str
    token: bytes
    ttl_s: float

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
            return bool(self.client.eval(_RELEASE, 1, self.key, self.token))


def acquire(client: Store, name: str, ttl_s: float) -> Lease | None:
    """Take the lease, or None while another worker holds it. Raises StoreUnavailable."""
    token = secrets.token_hex(16).encode()
    with asking(f"take lease {name}"):
        taken = client.set(keys.lease(name), token, nx=True, px=int(ttl_s * 1000))
    return Lease(client, name, token, ttl_s) if taken else None


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
