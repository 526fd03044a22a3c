"""Workers take turns at an upstream: its host is asked once in an interval by all of them together, not by each.

Counted in the queue's or the store's Redis, on its own clock. While that cannot be asked, each worker keeps the
interval for itself.
"""

from __future__ import annotations

from typing import cast

import structlog

from radar.errors import StoreUnavailable
from radar.store import Store, asking, keys

log = structlog.get_logger(__name__)

_TURN = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local free = turn + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%d', free), 'PX', string.format('%d', free - now + 1000))
return turn - now
"""


class Turns:
    """For ``radar.http.Http``: when this client may ask a host."""

    def __init__(self, client: Store) -> None:
        self._client = client

    def __call__(self, host: str, interval_s: float) -> float | None:
        """Seconds to wait; None when nobody can be asked."""
        try:
            with asking("take a turn"):
                waits = self._client.eval(_TURN, 1, keys.queue(f"turn:{host}"), round(interval_s * 1000))
        except StoreUnavailable as error:
            log.debug("no turn at an upstream", host=host, error=str(error))
            return None
        return cast(int, waits) / 1000
