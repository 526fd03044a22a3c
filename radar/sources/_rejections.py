"""Count what an answer held and what could not be used, by reason, each with one example.

Examples are shown on a public page, so an Internet address in one is replaced: a client's address never leaves the
answer it came in.
"""

from __future__ import annotations

import re

import polars as pl

from radar.schema import Rejected

_LONGEST = 160
_ADDRESS = re.compile(
    r"(?<!\d)\d{1,3}(?:[._-]\d{1,3}){3}(?!\d)"  # 192.0.2.1, and 192-0-2-1 as in names of lines
    # 2001:db8::1, ::ffff:192.0.2.1, 2001:db8:0:1... (three colons: a time of day has two)
    r"|[0-9a-fA-F:]{0,40}(?:::|(?:[0-9a-fA-F]{1,4}:){3})[0-9a-fA-F:]{0,40}(?:\.\d{1,3}){0,3}"
)


def without_addresses(text: str) -> str:
    """The text with every Internet address replaced.

    Examples
    --------
    >>> without_addresses("client 192.0.2.7 at 00:05:01")
    'client [address] at 00:05:01'
    """
    return _ADDRESS.sub("[address]", text)


class Rejections:
    """A tally of rejected rows. The first example of a reason is kept."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, reason: str, example: str, count: int = 1) -> None:
        """Count rows; none when ``count`` is 0."""
        if count <= 0:
            return
        before, first = self._found.get(reason, (0, ""))
        self._found[reason] = (before + count, first or without_addresses(example)[:_LONGEST])

    def extend(self, more: Rejections) -> None:
        """Count what another tally has."""
        for item in more.done():
            self.add(item.reason, item.example, item.count)

    def done(self) -> tuple[Rejected, ...]:
        """All reasons, most frequent first."""
        rows = sorted(self._found.items(), key=lambda item: (-item[1][0], item[0]))
        return tuple(Rejected(reason, count, example) for reason, (count, example) in rows)


def once(rows: pl.DataFrame, rejected: Rejections) -> pl.DataFrame:
    """Rows in order of time, each key once. Of rows with one key the last is kept, as upstream revises."""
    kept = rows.unique(["timebin", "entity", "signal"], keep="last", maintain_order=True)
    if kept.height < rows.height:
        again = rows.filter(rows.select("timebin", "entity", "signal").is_duplicated())
        time, entity, signal = again.row(0)[:3]
        rejected.add("the same bin twice", f"{entity} {signal} at {time:%Y-%m-%dT%H:%MZ}", rows.height - kept.height)
    return kept.sort("timebin", "entity", "signal")
