"""Hours at the edge as jobs publish them, for tests of pages and API: invented, and flagged simulated."""

from __future__ import annotations

from typing import Any

HOUR = "2026-03-02T11:00:00Z"


def measure(median: float | None, n: int | None = 900, against: str = "as_usual", width: float = 0.06) -> Any:
    """A median with its interval; None: nothing was measured."""
    if median is None:
        return {"median": None, "low": None, "high": None, "n": None, "usual": None, "usual_low": None,
                "usual_high": None, "days": 0, "against": "insufficient", "change": None}  # fmt: skip
    return {"median": median, "low": median * (1 - width / 2), "high": median * (1 + width / 2), "n": n,
            "usual": 44.0, "usual_low": 42.0, "usual_high": 46.0, "days": 28, "against": against,
            "change": median - 44.0}  # fmt: skip


def sample_now() -> Any:
    """Document ``performance``: two countries with a rank, one with too few connections, one without a value."""
    rows = [("country/DE", 20.0, 5000, 1), ("country/IQ", 61.0, 900, 2), ("country/NR", 150.0, 12, None),
            ("country/PT", None, None, None)]  # fmt: skip
    return {
        "hour": HOUR, "source": "edge_logs", "simulated": True,
        "countries": [{"entity": key, "rtt": measure(value, n), "throughput": measure(None),
                       "rank": {"rtt": rank, "throughput": None}, "simulated": True} for key, value, n, rank in rows],
    }  # fmt: skip


def sample_performance(entity: str, *, against: str = "worse", median: float | None = 61.0) -> Any:
    """One entity of the hash. Hour 3 of the day has no data."""
    column = [None if i == 3 else 50.0 + i for i in range(24)]
    hours = {"median": column, "low": [v and v - 1 for v in column], "high": [v and v + 1 for v in column],
             "usual": [44.0] * 24, "usual_low": [42.0] * 24, "usual_high": [46.0] * 24}  # fmt: skip
    nothing = {name: [None] * 24 for name in hours}
    peers = [
        {"entity": entity, "median": median, "low": 60.0, "high": 62.0, "n": 900, "rank": 2 if median else None},
        {"entity": "geoasn/ID-17974", "median": 30.0, "low": 29.0, "high": 31.0, "n": 4000, "rank": 1},
        {"entity": "geoasn/ID-24203", "median": 10.0, "low": 5.0, "high": 90.0, "n": 12, "rank": None},
    ]
    return {
        "entity": entity, "hour": HOUR, "rtt": measure(median, against=against), "throughput": measure(None),
        "requests": 1000, "clients": None, "hours": {"rtt": hours, "throughput": nothing},
        "profile": {"rtt": [44.0] * 24, "throughput": [None] * 24}, "month": {"rtt": [44.0] * 28, "throughput": []},
        "peers": {"basis": "country", "of": "country/ID", "rank": 2 if median else None, "ranked": 2, "total": 3,
                  "rows": peers},
        "simulated": True,
    }  # fmt: skip
