"""Document ``dns``: names that fail at our resolvers, as ``radar/books/dns_logs.py`` makes it.

Zones are told only where enough clients asked for them. None means "not known", never zero.
"""

from __future__ import annotations

from typing import TypedDict


class FailingZone(TypedDict):
    """One registrable zone whose queries fail."""

    zone: str
    queries: int  # in the window
    failed: int  # answered with SERVFAIL, or not at all
    share: float  # failed of queries, 0..1
    share_before: float | None  # the same in the day before the window; None: nobody asked enough
    times: float | None  # queries per bin against the day before; None: as above
    clients: int  # at least so many asked in one bin
    since: str  # start of the first bin of this row of failures
    networks: list[str]  # keys of the networks that were asked for answers, the most failures first
    provider: str | None  # key of the provider that the zone belongs to


class Dns(TypedDict):
    """The document. Its window is the last hour of bins."""

    at: str | None  # end of the newest bin; None: none yet
    since: str | None  # start of the window
    simulated: bool
    queries: int
    failed: int | None  # None: the logs tell no ends
    share: float | None
    zones: list[FailingZone]  # most failures first, at most 20
    failed_named: float | None  # part of all failures that these zones hold, 0..1
    words: str  # one or two plain sentences
    least_clients: int  # clients and queries that a zone needs in a bin to be told
    least_queries: int
