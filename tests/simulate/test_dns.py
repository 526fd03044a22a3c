"""The service that vanishes, from the resolver's log and the routes to the words of the outage."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from jobs.simulate import World
from jobs.simulate.dns import SERVICE
from jobs.simulate.rates import FIRST
from jobs.simulate.routing_play import RoutingPlay
from jobs.simulate.scenario import BIN, SCENARIO, VANISHED
from radar.books.dns_logs import DnsBook
from radar.detect import Detector, Failing, OutageBook
from radar.shapes import Outage
from radar.shapes.dns import Dns
from radar.signals import GROUPS
from radar.sources import dns_logs

GROUP = GROUPS["dns"]
EVENT = next(event for event in SCENARIO if event.kind == "vanished")


@pytest.fixture(scope="module")
def played() -> tuple[list[Outage], Dns, list[Failing]]:
    """From two hours before the service vanishes until an hour after: outages, the document of names that fail, and who
    would answer them."""
    world = World()
    history = world.resolver.history()
    keys = history.entities
    detector, book, names = Detector(GROUP), OutageBook(), DnsBook()
    detector.warm(history.start, keys, history.value)
    values = history.value
    first = history.value.shape[1]
    until = (EVENT.start - FIRST) // BIN + 12
    page: Dns | None = None
    for number in range(first, until):
        (answer,) = world.resolver.answers(number)
        rows = dns_logs.parse(answer.body).rows
        wide = np.full((len(keys), 1, GROUP.width), np.nan, np.float32)
        n = np.full((len(keys), GROUP.width), np.nan, np.float32)
        for slot, series in enumerate(GROUP.series):
            mine = {r[0]: (r[1], r[2]) for r in rows.filter(pl.col("signal") == series.partition("@")[0])
                    .select("entity", "value", "n").iter_rows()}  # fmt: skip
            for row, key in enumerate(keys):
                if key in mine:
                    wide[row, 0, slot] = mine[key][0]
                    n[row, slot] = np.nan if mine[key][1] is None else mine[key][1]
        past = np.stack([values[:, number + k] for k in detector.lookback], axis=1)
        at = FIRST + number * BIN
        result = detector.step(at, keys, wide[:, 0], n, past)
        values = np.concatenate([values, result.clean[:, None]], axis=1)
        book.update(at + BIN, result.alerts, detector.views(keys), common=result.common,
                    simulated=set(GROUP.series))  # fmt: skip
        if number >= until - 40:
            names.take(dns_logs.details(answer.body), received_at=at + BIN, simulated=True)
    page = names.page(EVENT.start + timedelta(hours=1))
    return book.all, page, names.unanswered(EVENT.start + timedelta(hours=1))


def test_our_resolvers_are_told_to_be_busy_and_no_country_is_called_broken(
    played: tuple[list[Outage], Dns, list[Failing]],
) -> None:
    (outage,) = played[0]
    assert outage["entity"] == "provider/our-resolver"
    assert outage["level"] == "degraded"
    assert outage["start"] == "2026-03-02T10:40:00Z"
    assert outage["simulated"]
    assert "times their usual queries since 10:40 UTC" in outage["headline"]
    assert {s["signal"] for s in outage["signals"] if s["verdict"] == "affected"} == {
        "dns.queries",
        "dns.servfail_share",
    }
    assert "does not make our resolvers the cause" in outage["verdict"]


def test_the_names_that_fail_are_those_of_the_service(played: tuple[list[Outage], Dns, list[Failing]]) -> None:
    page = played[1]
    assert {zone["zone"] for zone in page["zones"]} == set(SERVICE)
    assert all(zone["networks"] == [f"asn/{VANISHED}"] for zone in page["zones"])
    assert all(zone["since"] == "2026-03-02T10:40:00Z" for zone in page["zones"])
    assert all((zone["times"] or 0) > 5 for zone in page["zones"])
    assert "99 % of the failing ones ask for zones of AS4199999005" in page["words"]


def test_the_network_that_would_answer_is_the_one_that_loses_its_routes(
    played: tuple[list[Outage], Dns, list[Failing]],
) -> None:
    (row,) = played[2]
    assert row.network == f"asn/{VANISHED}"
    assert set(row.zones) == set(SERVICE)
    assert row.share > 0.9
    assert row.times is not None
    assert row.times > 5


def test_routes_of_the_service_are_withdrawn_by_all_peers_at_the_same_time() -> None:
    world = World()
    play = RoutingPlay(world.seed, world.places)
    minute = play.minute(EVENT.start)
    gone = [line for line in minute if b'"withdrawals":["240.0.0.0/10"]' in line]
    assert len(gone) == len(play.routes.peers)
