"""A service that vanishes is one event told by two outages: its routes, and our resolvers that are asked again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pytest

from radar.detect import Failing, OutageBook
from radar.shapes import Outage
from tests.detect.world import NOW, World

RESOLVER, SERVICE, OTHER = "provider/our-resolver", "asn/4199999005", "asn/4199999006"
NAMES = Failing(SERVICE, ("social.example", "photos.example", "chat.example", "more.example"), 0.97, 9.4)
USUAL, SHARE = 1000.0, 0.02


class Event:
    """Routes minute by minute, queries every five minutes, and one book."""

    def __init__(self) -> None:
        self.dns = World("dns", [RESOLVER, "country/IN"], (USUAL, SHARE, None, None), n=USUAL)
        self.ris = World("ris", [SERVICE, OTHER, "asn/5089"], (9000.0, None, None, None), n=120.0, days=2, wobble=0.001)
        self.book = OutageBook()

    def minutes(self, count: int, *, load: float = 1.0, gone: str | None = None, failing: Sequence[Failing] = (),
                failed: float = SHARE) -> None:  # fmt: skip
        """So many minutes in which ``gone`` has no routes and our resolvers get ``load`` times their queries."""
        for _ in range(count):
            results = [self.ris.step({(gone, 0): 0.0} if gone else None)]
            if (self.ris.t - NOW) % timedelta(minutes=5) == timedelta():
                results.append(self.dns.step({(RESOLVER, 0): USUAL * load, (RESOLVER, 1): failed}))
            alerts = [alert for result in results for alert in result.alerts]
            wanted = sorted(self.book.watched() | {alert.entity for alert in alerts})
            views = [view for world in (self.ris, self.dns) for view in world.detector.views(wanted)]
            self.book.update(self.ris.t, alerts, views, failing=failing)

    def of(self, entity: str) -> Outage:
        """The outage of an entity. There is one."""
        (found,) = [outage for outage in self.book.all if outage["entity"] == entity]
        return found


def causes(outage: Outage) -> dict[str, dict[str, Any]]:
    return {row["cause"]: cast("dict[str, Any]", row) for row in outage["causes"]}


@pytest.fixture(scope="module")
def event() -> Event:
    """Routes go at 00:10, and the resolvers are asked 2.2 times as often for an hour."""
    event = Event()
    event.minutes(10)
    event.minutes(60, load=2.2, gone=SERVICE, failing=[NAMES], failed=0.6)
    return event


def test_both_sides_are_outages_that_name_each_other_and_none_is_a_part(event: Event) -> None:
    rise, gone = event.of(RESOLVER), event.of(SERVICE)
    assert rise["related"] == [gone["id"]]
    assert gone["related"] == [rise["id"]]
    assert rise["parent"] is gone["parent"] is None
    assert rise["level"] == "degraded"


def test_the_rise_at_our_resolvers_is_explained_by_the_routes_with_numbers(event: Event) -> None:
    rise = event.of(RESOLVER)
    assert rise["causes"][0]["cause"] == "routing"
    speaks = " ".join(causes(rise)["routing"]["for"])
    assert (
        "Routes of AS4199999005 were withdrawn at 00:10 UTC on 23 February 2026: 100 % of its announced space."
        in speaks
    )
    assert (
        "97 % of failing queries ask for its zones: social.example, photos.example, chat.example and 1 more" in speaks
    )
    assert "9.4 times as often as in the day before" in speaks
    assert any("zones of one network outside" in text for text in causes(rise)["provider"]["against"])


def test_the_routes_that_are_gone_are_explained_by_who_asks_for_the_names(event: Event) -> None:
    gone = event.of(SERVICE)
    assert gone["causes"][0]["cause"] == "routing"
    assert gone["causes"][0]["p"] > 0.7
    speaks = " ".join(causes(gone)["routing"]["for"])
    assert "From 00:10 UTC on 23 February 2026 on our resolvers got 2.2 times their usual queries" in speaks
    assert "97 % of queries that fail there ask for its zones" in speaks
    for side in (gone, event.of(RESOLVER)):
        assert any("Packets to AS4199999005 are not measured" in text for text in causes(side)["routing"]["against"])


def test_the_verdict_says_it_on_both_pages(event: Event) -> None:
    rise, gone = event.of(RESOLVER), event.of(SERVICE)
    assert (
        "whose routes were withdrawn at 00:10 UTC on 23 February 2026: our resolvers are not the cause."
        in rise["verdict"]
    )
    assert "This alone" not in rise["verdict"]
    assert gone["verdict"].startswith("Routes were withdrawn; packets cannot be seen here. Its names (social.example")
    assert "our resolvers got 2.2 times their usual queries" in gone["verdict"]


def test_the_side_that_was_published_first_tells_of_the_other_once(event: Event) -> None:
    told = [row["text"] for row in event.of(SERVICE)["updates"] if "asked for again" in row["text"]]
    assert len(told) == 1
    assert "our resolvers are not the cause" in event.of(RESOLVER)["updates"][0]["text"]


def test_names_of_somebody_else_join_nothing() -> None:
    event = Event()
    event.minutes(10)
    event.minutes(30, load=2.2, gone=SERVICE, failing=[Failing(OTHER, NAMES.zones, 0.97, 9.4)], failed=0.6)
    rise, gone = event.of(RESOLVER), event.of(SERVICE)
    assert rise["related"] == gone["related"] == []
    assert "This alone does not make our resolvers the cause." in rise["verdict"]
    assert not any("zones" in text for text in causes(gone)["routing"]["for"])


def test_a_small_part_of_the_failures_joins_nothing() -> None:
    event = Event()
    event.minutes(10)
    event.minutes(30, load=2.2, gone=SERVICE, failing=[Failing(SERVICE, NAMES.zones, 0.1, 9.4)], failed=0.6)
    assert event.of(RESOLVER)["related"] == []


def test_a_rise_that_came_first_speaks_against_the_routes() -> None:
    event = Event()
    event.minutes(10)
    event.minutes(20, load=2.2, failing=[NAMES], failed=0.6)
    event.minutes(20, load=2.2, gone=SERVICE, failing=[NAMES], failed=0.6)
    against = " ".join(causes(event.of(RESOLVER))["routing"]["against"])
    assert "The rise of queries began 20 minutes before the routes were withdrawn." in against


def test_hours_apart_is_not_one_event() -> None:
    event = Event()
    event.minutes(10)
    event.minutes(50, load=2.2, failing=[NAMES], failed=0.6)
    event.minutes(10, load=2.2, gone=SERVICE, failing=[NAMES], failed=0.6)
    assert event.of(RESOLVER)["related"] == event.of(SERVICE)["related"] == []
    assert "This alone does not make our resolvers the cause." in event.of(RESOLVER)["verdict"]


def test_what_was_joined_outlasts_a_restart_and_the_end_of_the_failures(event: Event) -> None:
    before = event.of(SERVICE)
    event.book = OutageBook.load(event.book.dump())
    event.minutes(1, load=2.2, gone=SERVICE, failed=0.6)
    again = event.of(SERVICE)
    assert (again["related"], again["verdict"]) == (before["related"], before["verdict"])
    event.minutes(60)
    assert event.of(SERVICE)["status"] == event.of(RESOLVER)["status"] == "closed"
    assert event.of(SERVICE)["related"] == before["related"]
    assert causes(event.of(RESOLVER))["routing"]["for"]
