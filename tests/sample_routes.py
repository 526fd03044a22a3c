"""The routing table of the samples: the document ``routing``, and the views of the hash ``routes``. All invented.

What it says fits the other samples: most routes of Iraq stayed up, half of Fiji's were gone and come back, the routes
of AS21277 are still largely missing. Some views have no day before, some no IPv6, Nauru too few blocks to judge.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from radar.times import rfc3339

#: Entity: /24s now, a day before, /48s now, a day before, share of peers.
_COUNTRIES: dict[str, tuple[int | None, int | None, int | None, int | None, float | None]] = {
    "country/DE": (486_200, 486_310, 4_812_300, 4_811_900, 0.985),
    "country/FJ": (262, 320, 1_180, 1_420, 0.91),
    "country/FR": (331_900, 331_870, 2_120_400, 2_120_400, 0.987),
    "country/GB": (401_233, 401_190, 2_611_020, 2_604_700, 0.981),
    "country/IQ": (3_361, 3_502, 66_100, 66_090, 0.95),
    "country/NA": (1_180, 1_181, 5_120, 5_120, 0.97),
    "country/NR": (5, 7, None, None, 0.9),
    "country/PT": (26_410, 26_402, 421_000, 421_000, 0.984),
    "country/RU": (171_204, 171_480, 702_310, 702_310, 0.978),
    "country/SY": (312, 2_610, 0, 65_536, 0.41),
    "country/TV": (36, None, 256, None, 0.96),
    "country/US": (6_120_400, 6_121_100, 19_402_118, 19_402_000, 0.986),
    **{f"country/{code}": (1_000 + 37 * place, 1_000 + 37 * place, 4_096, 4_096, 0.98)
       for place, code in enumerate(("AT", "BE", "CH", "CZ", "DK", "EE", "FI", "IE", "IT", "NL"))},
}  # fmt: skip

_NETWORKS: dict[str, tuple[int | None, int | None, int | None, int | None, float | None]] = {
    "asn/21277": (41, 512, 0, 256, 0.38),
    "asn/9241": (120, 210, 340, 512, 0.72),
    "asn/29256": (188, 2_210, None, None, 0.4),
    "asn/51684": (96, 128, 16, 16, 0.9),
    "asn/5089": (36_412, 36_420, 131_072, 131_072, 0.972),
    "asn/3356": (10_240, 10_238, 65_536, 65_536, 0.991),
    "geoasn/IQ-51684": (90, 120, 16, 16, 0.9),
    "geoasn/IE-5089": (12, 12, None, None, 0.97),
}


def _view(key: str, row: tuple[Any, ...], now: datetime) -> dict[str, Any]:
    v4, v4_before, v6, v6_before, share = row
    return {
        "entity": key, "at": rfc3339(now), "visible_24s": v4, "visible_48s": v6, "before_24s": v4_before,
        "before_48s": v6_before, "peer_share_v4": share, "peer_share_v6": None if v6 is None else share,
        "prefixes_v4": None if v4 is None else max(v4 // 12, 1), "prefixes_v6": None if v6 is None else v6 // 4096,
        "moas": 3 if v4 and v4 > 300 else 0, "peers_v4": 214, "peers_v6": 190, "simulated": True,
    }  # fmt: skip


def sample_routes(now: datetime) -> dict[str, dict[str, Any]]:
    """The views of the hash, by entity key."""
    return {key: _view(key, row, now) for key, row in {**_COUNTRIES, **_NETWORKS}.items()}


def sample_peers(now: datetime) -> list[dict[str, Any]]:
    """Sessions of three collectors: live ones with and without a full view, silent, out of step, down."""
    heard = rfc3339(now - timedelta(seconds=20))
    rows = []
    for place, collector in enumerate(("rrc00", "rrc01", "route-views.sydney")):
        for n, asn in enumerate((3333, 6939, 1299, 174, 3356, 2914, 64512 + place)):
            full = n < 5
            state = "live" if n < 4 + place % 2 else ("silent", "unsynced", "down")[(n + place) % 3]
            rows.append({
                "collector": collector, "asn": asn,
                "peer": f"192.0.2.{10 * place + n}" if n % 2 else f"2001:db8:{place}::{n + 1:x}", "state": state,
                "full_v4": full, "full_v6": full and n % 2 == 0, "prefixes_v4": 1_012_000 + n if full else 1_204,
                "prefixes_v6": 221_000 + n if full and n % 2 == 0 else 0,
                "last_heard": None if state == "down" and place == 2 else heard,
            })  # fmt: skip
    return rows


def sample_events(now: datetime) -> list[dict[str, Any]]:
    """A possible hijack that lasts, a leak that ended, a dismissed change of origin."""

    def ago(minutes: float) -> str:
        return rfc3339(now - timedelta(minutes=minutes))

    more = {"peers_total": 214, "simulated": True}
    return [
        {
            "id": "more_specific-20260302T1131Z-192.0.2.0-25", "kind": "more_specific", "prefix": "192.0.2.0/25",
            "prefixes": ["192.0.2.0/25", "192.0.2.128/25"], "prefix_count": 2, "first_seen": ago(29),
            "last_seen": ago(1), "status": "open", "suspect": 64512, "expected": [5089], "rpki": "invalid",
            "peers": 171, "path": "3333 1299 9002 64512", "confidence": 0.82,
            "words": "AS64512 may have announced a part of the address space of AS5089 Virgin Media Limited, without "
                     "a sign that it may.",
            "entities": ["asn/5089", "country/GB"],
            "for": ["The holder of the prefix has signed that only AS5089 may announce it.",
                    "AS64512 never announced it in the last 28 days.", "171 of 214 full-feed peers see it."],
            "against": ["Both networks have a provider in common, so it may be meant."], **more,
        },
        {
            "id": "leak-20260302T0910Z-9241", "kind": "leak", "prefix": "198.18.0.0/21",
            "prefixes": [f"198.18.{n * 8}.0/21" for n in range(14)], "prefix_count": 214, "first_seen": ago(170),
            "last_seen": ago(151), "status": "ended", "suspect": 9241, "expected": [3356, 4637], "rpki": "not_found",
            "peers": 38, "path": "174 3356 9241 4637 1299 9241", "confidence": 0.55,
            "words": "AS9241 may have passed on 214 routes from one provider to another.",
            "entities": ["asn/9241", "country/FJ"],
            "for": ["A route goes down from AS4637 to its customer AS9241 and up again to AS3356."],
            "against": ["The relation of AS9241 to AS3356 is not known for sure.", "It ended after 19 minutes."],
            **more,
        },
        {
            "id": "origin_change-20260301T1400Z-198.51.100.0-24", "kind": "origin_change", "prefix": "198.51.100.0/24",
            "prefixes": ["198.51.100.0/24"], "prefix_count": 1, "first_seen": ago(1320), "last_seen": ago(1200),
            "status": "dismissed", "suspect": 3356, "expected": [51684], "rpki": "valid", "peers": 209,
            "path": "6939 3356", "confidence": 0.08,
            "words": "AS3356 Level 3 Parent, LLC may have taken over a prefix of AS51684.",
            "entities": ["asn/51684", "geoasn/IQ-51684", "country/IQ"], "for": ["The origin changed at once."],
            "against": ["The holder of the prefix has signed that AS3356 may announce it."], **more,
        },
    ]  # fmt: skip


def sample_routing(now: datetime) -> dict[str, Any]:
    """The document ``routing``."""

    def ago(minutes: float) -> str:
        return rfc3339(now - timedelta(minutes=minutes))

    views = sample_routes(now)
    lost = ("asn/29256", "asn/21277", "asn/9241", "asn/51684")
    return {
        "at": rfc3339(now),
        "source": "ris_live",
        "state": "live",
        "simulated": True,
        "totals": {
            "prefixes_v4": 1_012_345, "prefixes_v6": 221_004, "origins": 76_911, "moas": 5_210, "peers": 1_412,
            "full_v4": 214, "full_v6": 190, "collectors": 23, "messages": 41_310, "announcements": 58_402,
            "withdrawals": 4_204, "origin_changes": 33,
        },
        "gaps": [
            {"since": ago(15), "until": None, "collector": "rrc01", "reason": "stalled", "filled": False},
            {"since": ago(400), "until": ago(396), "collector": "", "reason": "disconnected", "filled": True},
            {"since": ago(1500), "until": ago(1489), "collector": "", "reason": "restart", "filled": False},
        ],
        "peers": sample_peers(now),
        "countries": [view for key, view in views.items() if key.startswith("country/")],
        "losses": [views[key] for key in lost],
        "events": sample_events(now),
        "snapshot_at": ago(7),
        "caught_up_from": ago(1500),
    }  # fmt: skip
