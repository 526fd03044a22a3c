"""Who depends on whom in the samples: the document ``paths``, and the views of the hash. All invented."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from radar.times import rfc3339


def sample_paths(now: datetime) -> dict[str, Any]:
    """The document ``paths``."""
    return {"at": rfc3339(now - timedelta(minutes=12)), "source": "ris_live", "simulated": True, "viewpoints_v4": 20,
            "viewpoints_v6": 18, "least": 10, "threshold": 0.5, "watched_from": rfc3339(now - timedelta(days=20)),
            "networks": 3, "countries": 2}  # fmt: skip


def sample_paths_views(now: datetime) -> dict[str, dict[str, Any]]:
    """A network with two neighbours and dependents, one with a single neighbour, one that only carries others, one
    that nobody stands before, a country."""
    since = rfc3339(now - timedelta(days=3, hours=2))
    none = {"dependents": [], "dependents_count": 0, "dependents_users": None, "simulated": True}
    return {
        "asn/21277": {
            "entity": "asn/21277", "family": 4, "viewpoints": 20,
            "neighbours": [{"asn": 3356, "share": 0.71, "since": None}, {"asn": 1299, "share": 0.29, "since": since}],
            "transit": [{"asn": asn, "hegemony": value, "direct": value > 0.3}
                        for asn, value in ((3356, 0.74), (1299, 0.31), (174, 0.18), (6939, 0.04))],
            "dependents": [{"asn": 51684, "hegemony": 0.97, "users": 812_000},
                           {"asn": 203214, "hegemony": 0.66, "users": 120_000},
                           {"asn": 9241, "hegemony": 0.61, "users": None}],
            "dependents_count": 17, "dependents_users": 932_000, "simulated": True,
        },
        "asn/51684": {**none, "entity": "asn/51684", "family": 4, "viewpoints": 20,
                      "neighbours": [{"asn": 21277, "share": 1.0, "since": None}],
                      "transit": [{"asn": 21277, "hegemony": 1.0, "direct": True}]},
        "asn/3356": {**none, "entity": "asn/3356", "family": None, "viewpoints": None, "neighbours": None,
                     "transit": None, "dependents": [{"asn": 21277, "hegemony": 0.74, "users": None}],
                     "dependents_count": 1},
        "asn/5089": {**none, "entity": "asn/5089", "family": 6, "viewpoints": 18, "neighbours": [], "transit": []},
        "country/IQ": {**none, "entity": "country/IQ", "family": 4, "viewpoints": 20, "neighbours": None,
                       "transit": [{"asn": 21277, "hegemony": 0.42, "direct": False},
                                   {"asn": 3356, "hegemony": 0.38, "direct": False}]},
    }  # fmt: skip
