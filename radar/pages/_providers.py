"""What providers say of themselves, for the pages that show it: read once a publication."""

from __future__ import annotations

from typing import cast

from radar.api import access
from radar.errors import StoreUnavailable
from radar.pages import _read
from radar.shapes.providers import Providers, ProviderSays
from radar.store import documents

#: The document as this process read it last, and of which publication it is.
_kept: dict[str, tuple[int, dict[str, ProviderSays]]] = {}


def told(version: int) -> dict[str, ProviderSays]:
    """What providers say, by slug; the last good one while the store is away. Raises StoreUnavailable when this process
    never read it."""
    kept = _kept.get("providers")
    if kept is not None and kept[0] == version:
        return kept[1]
    try:
        found = cast("Providers | None", documents.get(access.client(), "providers"))
    except StoreUnavailable:
        _read.note_hole()
        if kept is None:
            raise
        return kept[1]
    says = found["providers"] if found else {}
    _kept["providers"] = (version, says)
    return says


def forget() -> None:
    """Drop what was read, as a process that has just started."""
    _kept.clear()
