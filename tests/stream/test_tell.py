"""What the site is told: which networks lost most."""

from __future__ import annotations

from jobs.stream.tell import LOSSES, losses
from radar.shapes import RoutingView


def view(entity: str, now: int | None, before: int | None) -> RoutingView:
    """A network, or a part of one, with so many /24 blocks now and a day before."""
    return {
        "entity": entity, "at": "2026-03-02T00:00:00Z", "visible_24s": now, "visible_48s": 0, "before_24s": before,
        "before_48s": 0, "peer_share_v4": 1.0, "peer_share_v6": None, "prefixes_v4": 1, "prefixes_v6": 0, "moas": 0,
        "peers_v4": 24, "peers_v6": 24, "simulated": True,
    }  # fmt: skip


def told(*views: RoutingView) -> list[str]:
    return [row["entity"] for row in losses({row["entity"]: row for row in views})]


def test_the_largest_loss_comes_first_and_small_ones_are_not_told() -> None:
    assert told(view("asn/3303", 90, 100), view("asn/812", 40, 100), view("asn/577", 91, 100),
                view("asn/852", 1, 5)) == ["asn/812", "asn/3303"]  # fmt: skip


def test_what_was_not_known_a_day_before_has_not_lost_anything() -> None:
    assert told(view("asn/812", 40, None), view("asn/577", None, 100), view("asn/852", 0, 0)) == []


def test_a_network_of_one_country_is_told_once_and_a_global_one_by_its_parts_too() -> None:
    assert told(view("asn/38201", 0, 20), view("geoasn/TO-38201", 0, 20)) == ["asn/38201"]
    assert told(view("asn/16276", 50, 100), view("geoasn/FR-16276", 50, 90)) == ["asn/16276", "geoasn/FR-16276"]
    assert told(view("geoasn/FR-4199999001", 0, 9)) == ["geoasn/FR-4199999001"], "nothing is known of its home"


def test_countries_have_a_list_of_their_own_and_this_one_has_an_end() -> None:
    assert told(view("country/CA", 0, 100)) == []
    assert len(told(*(view(f"asn/{n}", 0, 100) for n in range(1, LOSSES + 9)))) == LOSSES
