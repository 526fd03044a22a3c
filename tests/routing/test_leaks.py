"""Candidates for route leaks: rehearsed incidents, and each rule on its own."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.routing.leaks import LEARN_S, LeakWatch
from radar.routing.relations import Relations
from radar.shapes import RouteEvent
from tests.routing.cases import (
    Case,
    at,
    churn,
    facebook_2021,
    mainone_2018,
    rostelecom_2020,
    route53_2018,
    verizon_2019,
    youtube_2008,
)
from tests.routing.rehearsal import play

START = at("2026-03-02 10:00:00")
PEERS = [f"rrc00|198.18.0.{n}" for n in range(1, 21)]

#: 64496 buys from 1299 and 174, and peers with 64497; 3333 and four others buy from 174.
RELATIONS = Relations.load(
    b"1299|174|0\n1299|64496|-1\n174|64496|-1\n64496|64497|0\n"
    + b"".join(b"174|%d|-1\n" % asn for asn in (3333, 3215, 2856, 1103, 1136))
    + b"64496|64498|-1\n64500|64496|-1\n"
)
LEAK = "1299 64496 174"


def watch(**options: object) -> LeakWatch:
    """A watch that has seen a table dump without any leak."""
    made = LeakWatch(RELATIONS, **options)  # type: ignore[arg-type]
    made.learn("1299 174 3333", START)
    return made


def shows(leaks: LeakWatch, peers: Iterable[int], prefixes: Iterable[int], time: float = START, *, way: str = LEAK,
          origin: int = 3333) -> None:  # fmt: skip
    """So many peers, each a network of its own, see so many prefixes over the leak."""
    for n in peers:
        for third in prefixes:
            leaks.take(time, f"193.0.{third}.0/24", f"{100 + n} {way} {origin}", PEERS[n], 100 + n)


def minute(leaks: LeakWatch, number: int = 1, *, full: list[str] = PEERS) -> list[RouteEvent]:
    return leaks.minute(START + 60 * number, full, [])


def texts(event: RouteEvent, side: str) -> str:
    return " ".join(event[side])  # type: ignore[literal-required]


# ---------------------------------------------------------------------- rehearsed incidents


def test_mainone_2018_is_a_leak_from_a_peer_to_a_provider() -> None:
    played = play(mainone_2018())
    (event,) = played.leaked()
    assert (event["suspect"], event["expected"], event["prefix_count"]) == (37282, [15169, 4809], 212)
    assert len(event["prefixes"]) == 50
    assert (event["peers"], event["peers_total"], event["confidence"]) == (16, 40, 0.35)
    assert played.known_at(event["id"]) - at("2018-11-12 21:13:00") == 60
    assert "(its peer) to AS4809" in event["words"]
    assert "Only space of AS15169" in texts(event, "against")
    assert event["entities"] == ["asn/15169", "country/US"]
    assert (event["status"], event["last_seen"][:16]) == ("ended", "2018-11-12T22:28")


def test_verizon_2019_is_a_leak_between_two_providers() -> None:
    played = play(verizon_2019())
    (event,) = played.leaked()
    assert (event["suspect"], event["expected"], event["prefix_count"]) == (396531, [33154, 701], 48)
    assert event["confidence"] == 0.75
    assert played.known_at(event["id"]) - at("2019-06-24 10:34:21") == 39
    assert "Space of 12 networks" in texts(event, "for")
    assert "one of its own providers to another" in texts(event, "for")
    assert (event["status"], event["last_seen"][:16]) == ("ended", "2019-06-24T12:37")


@pytest.mark.parametrize("make", [youtube_2008, route53_2018, rostelecom_2020, facebook_2021])
def test_hijacks_and_withdrawals_are_no_leaks(make: object) -> None:
    case: Case = make()  # type: ignore[operator]
    assert play(case).leaked() == []


@pytest.mark.parametrize("make", [mainone_2018, verizon_2019])
def test_without_relations_nothing_is_judged_and_that_is_said(make: object) -> None:
    case: Case = make()  # type: ignore[operator]
    played = play(case, relations=False)
    assert played.leaked() == []
    assert not played.leaks.judging
    assert play(case).leaks.judging


def test_ordinary_churn_gives_no_candidate() -> None:
    assert play(churn()).leaked() == []


# ---------------------------------------------------------------------- what it takes


def test_five_prefixes_at_three_peers_are_enough() -> None:
    leaks = watch()
    shows(leaks, range(3), range(5))
    (event,) = minute(leaks)
    assert (event["kind"], event["prefix"], event["prefix_count"]) == ("leak", "193.0.0.0/24", 5)
    assert event["words"].startswith("AS64496 passes 5 prefixes on from AS174 ")
    assert event["words"].endswith(" (its provider); they are of 1 network.")
    assert event["rpki"] == "unknown"
    assert event["path"] == "100 1299 64496 174 3333"


@pytest.mark.parametrize(("peers", "prefixes"), [(3, 4), (2, 40)])
def test_less_than_that_is_not_enough(peers: int, prefixes: int) -> None:
    leaks = watch()
    shows(leaks, range(peers), range(prefixes))
    assert minute(leaks) == []


def test_prefixes_at_different_single_peers_do_not_add_up() -> None:
    leaks = watch()
    for n in range(12):
        shows(leaks, [n], [n])
    assert minute(leaks) == []


def test_many_sessions_of_one_network_are_one_voice() -> None:
    leaks = watch()
    for peer in PEERS:
        for third in range(9):
            leaks.take(START, f"193.0.{third}.0/24", f"6939 {LEAK} 3333", peer, 6939)
    assert minute(leaks) == []


def test_less_than_a_tenth_of_the_peers_is_not_enough() -> None:
    leaks = watch()
    shows(leaks, range(3), range(9))
    assert minute(leaks, full=[*PEERS, *(f"rrc01|{n}" for n in range(11))]) == []


def test_peers_without_a_full_table_do_not_count() -> None:
    leaks = watch()
    shows(leaks, range(9), range(9))
    assert minute(leaks, full=PEERS[7:]) == []


def test_most_of_one_small_network_is_enough() -> None:
    leaks = watch(announced={3333: 4, 3215: 40}.get)
    shows(leaks, range(4), range(2))
    assert [event["prefix_count"] for event in minute(leaks)] == [2]
    other = watch(announced={3333: 4, 3215: 40}.get)
    shows(other, range(4), range(2), origin=3215)
    assert minute(other) == []


def test_a_few_odd_prefixes_an_hour_never_add_up() -> None:
    leaks = watch()
    for hour in range(8):
        shows(leaks, range(5), [hour], START + 3600 * hour)
        for part in range(1, 60):
            assert leaks.minute(START + 3600 * hour + 60 * part, PEERS, []) == []
    assert leaks.passed["did not spread"] == 8
    assert leaks.carried == {}


def test_five_prefixes_have_to_come_within_ten_minutes() -> None:
    leaks = watch()
    for n in range(6):
        shows(leaks, range(5), [n], START + 300 * n)
        for part in range(1, 6):
            assert leaks.minute(START + 300 * n + 60 * part, PEERS, []) == []


def test_what_it_tells_its_customers_is_no_leak() -> None:
    leaks = watch()
    shows(leaks, range(9), range(9), way="64498 64496 174")
    assert minute(leaks) == []


def test_an_owner_may_pass_routes_between_its_own_networks() -> None:
    file = Relations.load(b"1299|14618|-1\n16509|14618|-1\n")
    leaks = LeakWatch(file)
    leaks.learn("1 2", START)
    shows(leaks, range(9), range(9), way="1299 14618 16509")
    assert minute(leaks) == []
    assert leaks.passed["related"] == 9


# ---------------------------------------------------------------------- what is usual


def test_what_a_table_dump_holds_is_usual() -> None:
    leaks = watch()
    leaks.learn(f"7018 {LEAK} 2856", START)
    shows(leaks, range(9), range(9), START + 7200)
    assert minute(leaks, 121) == []
    assert leaks.passed["usual"] > 0


def test_without_a_dump_the_first_hour_is_learned_from() -> None:
    leaks = LeakWatch(RELATIONS)
    shows(leaks, range(9), range(9))
    assert minute(leaks) == []
    shows(leaks, range(9), range(25), START + LEARN_S + 60, way="1299 64496 64497")
    (event,) = minute(leaks, 62)
    assert event["expected"] == [64497, 1299]


def test_that_nothing_of_the_kind_was_seen_for_days_is_evidence() -> None:
    for seen_before in (False, True):
        leaks = watch()
        if seen_before:
            shows(leaks, [0], [0], START + 86_400)
        shows(leaks, range(4), range(6), START + 3 * 86_400)
        (event,) = leaks.minute(START + 3 * 86_400 + 60, PEERS, [])
        assert ("the watch began 3 days ago" in texts(event, "for")) is not seen_before


def test_what_lasts_for_a_week_is_dismissed() -> None:
    leaks = watch()
    shows(leaks, range(4), range(6))
    minute(leaks)
    told = [leaks.minute(START + 86_400 * day, PEERS, []) for day in range(1, 8)]
    assert [len(events) for events in told] == [0, 0, 0, 0, 0, 1, 0]
    assert told[5][0]["status"] == "dismissed"
    shows(leaks, range(9), range(9), START + 86_400 * 8)
    assert leaks.minute(START + 86_400 * 8 + 60, PEERS, []) == []


# ---------------------------------------------------------------------- growing, ending, coming back


def test_all_that_one_network_leaks_is_one_candidate() -> None:
    leaks = watch()
    shows(leaks, range(3), range(5))
    (first,) = minute(leaks)
    for n, origin in enumerate((3215, 2856, 1103, 1136)):
        shows(leaks, range(15), range(10 + 5 * n, 15 + 5 * n), START + 120, origin=origin)
    (second,) = minute(leaks, 3)
    assert second["id"] == first["id"]
    assert (second["prefix_count"], second["peers"]) == (25, 15)
    assert second["confidence"] == 0.75
    assert second["entities"][:5] == ["asn/3333", "asn/3215", "asn/2856", "asn/1103", "asn/1136"]


def test_it_ends_when_other_routes_replace_it() -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    minute(leaks)
    shows(leaks, range(2), range(5), START + 100, way="174")
    assert [event["status"] for event in minute(leaks, 2)] == ["open"]
    shows(leaks, range(2, 4), range(5), START + 130, way="174")
    (event,) = minute(leaks, 3)
    assert (event["status"], event["last_seen"]) == ("ended", "2026-03-02T10:02:10Z")
    assert leaks.carried == {}


def test_it_ends_when_the_prefixes_are_withdrawn() -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    minute(leaks)
    for n in range(4):
        for third in range(5):
            leaks.drop(START + 100, f"193.0.{third}.0/24", PEERS[n])
    assert [event["status"] for event in minute(leaks, 2)] == ["ended"]


def test_a_route_stuck_at_one_peer_does_not_keep_it_open() -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    minute(leaks)
    shows(leaks, range(3), range(5), START + 100, way="174")
    assert [event["status"] for event in minute(leaks, 2)] == ["ended"]


def test_one_that_comes_back_at_once_is_the_same_candidate() -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    (first,) = minute(leaks)
    shows(leaks, range(4), range(5), START + 100, way="174")
    minute(leaks, 2)
    shows(leaks, range(4), range(5), START + 300)
    (again,) = minute(leaks, 6)
    assert (again["id"], again["status"]) == (first["id"], "open")


def test_a_new_file_takes_back_what_it_explains() -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    minute(leaks)
    leaks.use(RELATIONS)
    assert minute(leaks, 2) == []
    leaks.use(Relations.load(b"1299|64496|-1\n64496|174|-1\n"))  # 174 is its customer after all
    assert [event["status"] for event in minute(leaks, 3)] == ["dismissed"]


def test_a_file_that_is_taken_away_dismisses_nothing() -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    minute(leaks)
    leaks.use(None)
    assert minute(leaks, 2) == []
    assert [event["status"] for event in leaks.events()] == ["open"]


# ---------------------------------------------------------------------- bounds and snapshots


def test_verdicts_are_remembered_and_their_number_is_bounded() -> None:
    leaks = watch(paths=50)
    for n in range(1000):
        leaks.take(START, "193.0.0.0/24", f"{n + 1} 174 3333", PEERS[0], n + 1)
    assert len(leaks._judged) + len(leaks._older) <= 100


def test_a_path_that_is_asked_for_again_and_again_stays_remembered() -> None:
    leaks = watch(paths=50)
    leaks.take(START, "193.0.0.0/24", f"7 {LEAK} 3333", PEERS[0], 7)
    for n in range(200):
        leaks.take(START, "193.0.0.0/24", f"{n + 1000} 174 3333", PEERS[1], n + 1000)
        leaks.take(START, "193.0.0.0/24", "8 174 3333", PEERS[2], 8)
        assert "8 174 3333" in {**leaks._judged, **leaks._older}


def test_what_cannot_be_followed_is_counted_and_the_number_is_a_least_one() -> None:
    leaks = watch(room=10)
    shows(leaks, range(4), range(60))
    (event,) = minute(leaks)
    assert event["prefix_count"] == 10
    assert "at least 10 prefixes" in event["words"]
    assert leaks.dropped["prefixes"] > 0
    assert len(leaks.carried) == 10


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | st.sampled_from([b"{}", b"[]", b"null", b'{"form":"leaks-1"}']), st.integers(0, 4000))
def test_another_snapshot_is_refused_and_changes_nothing(body: bytes, cut: int) -> None:
    leaks = watch()
    shows(leaks, range(4), range(5))
    minute(leaks)
    whole = leaks.dump()
    for broken in (body, whole[:cut], whole.replace(b'"sides"', b'"sdies"')):
        if broken == whole:
            continue
        with pytest.raises(ValueError, match="no snapshot of leaks"):
            leaks.load(broken)
        assert leaks.dump() == whole
