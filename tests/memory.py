"""What this process takes of memory. Linux only.

``getrusage`` does not tell: at ``exec`` a process takes over the peak of the one that it came from.
"""

from __future__ import annotations

from pathlib import Path


def now_mb() -> int:
    """MB that it holds."""
    return _mb("VmRSS")


def peak_mb() -> int:
    """The most that it has held since it began."""
    return _mb("VmHWM")


def _mb(what: str) -> int:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[what].split()[0]) >> 10
