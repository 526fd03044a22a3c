"""How often one block of addresses may measure, counted in the store without the block: under a number that is made
of it with a key of the day.

The key lies in the data folder, not in the store, and is replaced each day: whoever finds yesterday's numbers cannot
find the blocks they were made of. A count is dropped after an hour.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

from radar.beacon.door import Block
from radar.store import Store, asking, keys, transaction

WINDOW_S = 3600

#: In an hour: results and downloads of one block, and results of all. A block may be a whole mobile network's.
RESULTS, DOWNLOADS, ALL = 30, 90, 5000

_KEY_BYTES = 32


def allowed(client: Store, folder: Path, block: Block, what: str, most: int, now: datetime) -> bool:
    """Count one more of ``what``; False beyond ``most`` in the hour since the first one.

    Raises StoreUnavailable when it cannot be counted, and OSError when the key cannot be read or written.
    """
    digest = blake2b(block.packed, key=key_of_day(folder, now), digest_size=12).hexdigest()
    return counted(client, f"{what}:{digest}") <= most


def counted(client: Store, what: str) -> int:
    """Count one more; returns how many there were in the hour since the first one. Raises StoreUnavailable."""
    key = keys.beacon(what)
    with asking("count for the beacon"), transaction(client, key) as pipe:
        pipe.incr(key)
        pipe.expire(key, WINDOW_S, nx=True)
        return int(pipe.execute()[0])


def key_of_day(folder: Path, now: datetime) -> bytes:
    """The day's key, the same for all web processes of a data folder; those of other days are deleted.

    Raises OSError.
    """
    path = folder / f"key-{now.astimezone(UTC):%Y%m%d}"
    found = b""
    with suppress(FileNotFoundError):
        found = path.read_bytes()
        if len(found) == _KEY_BYTES:
            return found
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("key-*"):
        if old != path:  # that of today may be another process's, made this moment
            old.unlink(missing_ok=True)
    draft = folder / f".{os.getpid()}-{secrets.token_hex(4)}"
    draft.touch(mode=0o600)
    draft.write_bytes(secrets.token_bytes(_KEY_BYTES))
    try:
        if found:  # it was cut off
            draft.replace(path)
        else:
            os.link(draft, path)  # the first one wins; a half-written one is never seen
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
