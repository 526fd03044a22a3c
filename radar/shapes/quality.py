"""What jobs publish about how well packets travel: of the last hour at the edge, and of a month of speed tests.

Document ``performance`` holds one row for each country, which is what maps and rankings need; a hash beside it
(``radar/store/performance.py``) holds everything about each entity, so that a page reads just the one it shows.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

#: How an hour stands against the same hour of the month before. insufficient: too few values or days to say.
Against = Literal["better", "worse", "as_usual", "insufficient"]


class Measure(TypedDict):
    """One quantity of one hour: the median with its 95 % interval. None throughout: nothing was measured."""

    median: float | None  # ms or Mbit/s
    low: float | None  # ends of the 95 % Wilson interval of the median
    high: float | None
    n: int | None  # values behind it
    usual: float | None  # median over the days before, same hour of the day
    usual_low: float | None  # quarter and three quarters of those days lie below
    usual_high: float | None
    days: int  # days that are held against
    against: Against
    change: float | None  # median minus usual


class Hours(TypedDict):
    """The last 24 hours and what is usual for each of them; 24 values a list, oldest first. None: no data."""

    median: list[float | None]
    low: list[float | None]
    high: list[float | None]
    usual: list[float | None]
    usual_low: list[float | None]
    usual_high: list[float | None]


class PerformanceRow(TypedDict):
    """One entity in a ranking. ``rank`` None: too few values, or an interval too wide, to be ranked."""

    entity: str
    rtt: Measure
    throughput: Measure
    rank: dict[str, int | None]  # "rtt", "throughput" -> place, 1 is best
    simulated: bool


class Peer(TypedDict):
    """One entity among its like: round-trip time of the hour, ms."""

    entity: str
    median: float | None
    low: float | None
    high: float | None
    n: int | None
    rank: int | None  # among these peers


class Peers(TypedDict):
    """An entity among its like, by round-trip time."""

    basis: Literal["subregion", "country", "providers"]  # what they have in common
    of: str  # "Western Asia", "country/ID", "" for providers
    rank: int | None  # by the median; 1 is the shortest; None: not ranked
    ranked: int  # how many are
    total: int  # how many were measured in that hour
    rows: list[Peer]  # best first, then those that are not ranked; at most 12, this entity always among them


class Performance(TypedDict):
    """Everything about one entity: a field of the hash ``performance``."""

    entity: str
    hour: str  # start of the last hour that is complete
    rtt: Measure
    throughput: Measure
    requests: int | None
    clients: int | None
    hours: dict[str, Hours]  # "rtt", "throughput" -> the last 24 hours, the newest is ``hour``
    profile: dict[str, list[float | None]]  # "rtt", "throughput" -> usual median by hour of the day (UTC), 24 values
    month: dict[str, list[float | None]]  # "rtt", "throughput" -> median of each of the last 28 days, oldest first
    peers: Peers | None
    simulated: bool


class PerformanceNow(TypedDict):
    """Document ``performance``. Absent while no edge log gives hours."""

    hour: str
    source: str
    simulated: bool
    countries: list[PerformanceRow]  # by key


class Need(TypedDict):
    """One requirement of one purpose. None: the value is missing."""

    need: Literal["download", "upload", "rtt", "loss"]
    limit: float  # Mbit/s, ms or share
    value: float | None  # at the percentile of the score
    met: bool | None
    weight: int
    share: float | None  # largest of the recorded shares of tests (0 to 1) that meet it; 0: not even the best per cent


class Purpose(TypedDict):
    """How well a country's connections serve one purpose. ``score`` None: too few tests, or a value is missing."""

    score: float | None
    half: float | None  # the same by the median: half of the tests are at least this good
    needs: list[Need]


class Iqb(TypedDict):
    """Internet Quality Barometer of one country and month."""

    score: float | None
    half: float | None
    tests: int
    purposes: dict[str, Purpose]
    why: NotRequired[str]  # "few_tests" or "missing", where there is no score
