"""An operator's own files (VRPs, relations): unpacked with a limit, and their unusable rows counted by reason."""

from __future__ import annotations

from typing import Any

from radar.errors import UpstreamChanged
from radar.routing._unpack import Cut, Limits, unpacked
from radar.schema import Rejected

#: The largest real one is below 100 MB; a small file can hold an enormous one.
LIMITS = Limits(unpacked_bytes=1 << 30)

_EXAMPLE = 120


def unpack(body: bytes, *, source: str, limits: Limits = LIMITS) -> bytes:
    """Undo gzip, bzip2 or zstd, recognised by the first bytes; other bytes pass through.

    Raises UpstreamChanged when the data are damaged, end early, or unpack to more than the limits allow.
    """
    try:
        return b"".join(unpacked(body, source=source, limits=limits))
    except Cut as error:
        raise UpstreamChanged(source, str(error)) from error


class Faults:
    """A tally of rows that cannot be used, by reason. The first example of a reason is kept."""

    def __init__(self) -> None:
        self._found: dict[str, list[Any]] = {}

    def add(self, reason: str, example: object) -> None:
        """Count one row."""
        found = self._found.get(reason)
        if found is None:
            self._found[reason] = [1, ascii(example)[:_EXAMPLE]]
        else:
            found[0] += 1

    def done(self) -> tuple[Rejected, ...]:
        """All reasons, most frequent first."""
        rows = sorted(self._found.items(), key=lambda item: (-item[1][0], item[0]))
        return tuple(Rejected(reason, count, example) for reason, (count, example) in rows)
