"""The one spelling of a moment in text: RFC 3339, UTC, whole seconds, ``Z``."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(t: datetime) -> str:
    """``2026-03-02T00:20:00Z``. Raises ValueError for a time without a zone."""
    if t.tzinfo is None:
        raise ValueError(f"{t.isoformat()} has no time zone; expected an aware time")
    return t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime:
    """Read an RFC 3339 time. Raises ValueError when it is none or has no zone."""
    t = datetime.fromisoformat(text)
    if t.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; expected e.g. 2026-03-02T00:20:00Z")
    return t.astimezone(UTC)
