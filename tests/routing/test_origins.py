"""Candidates for origin hijacks: rehearsed incidents, honest changes that stay silent, and each rule on its own."""

from __future__ import annotations

from collections.abc import Iterable

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.routing import evidence
from radar.routing.leaks import LeakWatch
from radar.routing.origins import OriginWatch
from radar.routing.relations import Relations
from radar.routing.rpki import Vrps
from radar.shapes import RouteEvent
from tests.routing.cases import (
    Case,
    at,
    churn,
    facebook_2021,
    mainone_2018,
    quiet_cases,
    rostelecom_2020,
    route53_2018,
    verizon_2019,
    youtube_2008,
)
from tests.routing.rehearsal import play

START = at("2026-03-02 10:00:00")
PREFIX, HOLDER, SUSPECT = "193.0.0.0/21", 3333, 9121
PEERS = [f"rrc00|198.18.0.{n}" for n in range(1, 21)]


def shows(watch: OriginWatch, peers: Iterable[int], time: float = START, *, prefix: str = PREFIX,
          origin: int = SUSPECT, known: tuple[int, ...] = (HOLDER,), tail: str = "1299") -> None:  # fmt: skip
    """So many peers see the prefix with another origin; each is a network of its own."""
    for n in peers:
        watch.take(time, prefix, origin, f"{100 + n} {tail} {origin}", PEERS[n], 100 + n, known)


def minute(watch: OriginWatch, number: int = 1, *, full: list[str] = PEERS) -> list[RouteEvent]:
    return watch.minute(START + 60 * number, full, [])


def relations(*lines: str) -> Relations:
    return Relations.load("\n".join([*lines, f"1299|{HOLDER}|-1", f"1299|{SUSPECT}|-1"]).encode())


def signed(*rows: tuple[str, int, int]) -> Vrps:
    roas = [{"prefix": prefix, "asn": asn, "maxLength": longest} for prefix, asn, longest in rows]
    return Vrps.load(orjson.dumps({"roas": roas}))


def texts(event: RouteEvent, side: str) -> str:
    return " ".join(event[side])  # type: ignore[literal-required]


# ---------------------------------------------------------------------- rehearsed incidents


def test_youtube_2008_is_found_in_the_minute_it_begins() -> None:
    played = play(youtube_2008())
    (event,) = played.hijacks()
    assert (event["suspect"], event["expected"], event["kind"]) == (17557, [36561], "more_specific")
    assert (event["prefix"], event["prefix_count"]) == ("208.65.153.0/24", 1)
    assert event["first_seen"] == "2008-02-24T18:47:00Z"
    assert played.known_at(event["id"]) - at("2008-02-24 18:47:00") == 60
    assert event["confidence"] == 0.6
    assert "208.65.152.0/22" in event["words"]
    assert event["entities"] == ["asn/36561"]  # without a home country in the table of networks


def test_the_holder_that_announces_the_stolen_prefix_itself_is_no_suspect() -> None:
    played = play(youtube_2008())
    assert {event["suspect"] for event in played.hijacks()} == {17557}
    assert played.origins.passed["the holder itself"] == 1


def test_youtube_2008_is_found_without_any_file() -> None:
    (event,) = play(youtube_2008(), relations=False, vrps=False).hijacks()
    assert event["confidence"] == 0.4
    assert event["rpki"] == "unknown"
    assert "not known here" in texts(event, "against")


def test_route53_2018_is_one_candidate_of_five_prefixes() -> None:
    played = play(route53_2018())
    (event,) = played.hijacks()
    assert (event["suspect"], event["expected"], event["prefix_count"]) == (10297, [16509], 5)
    assert (event["rpki"], event["confidence"], event["status"]) == ("invalid", 0.7, "ended")
    assert played.known_at(event["id"]) - at("2018-04-24 11:05:41") == 19
    assert event["peers"] == 14
    assert event["peers_total"] == 40
    assert event["entities"] == ["asn/16509", "country/US"]


def test_route53_2018_without_files_is_not_sure_enough_to_be_shown() -> None:
    """A third of the peers, a part of a prefix, both of one country: without the RPKI or relations that is what a new
    customer of the holder looks like."""
    assert play(route53_2018(), relations=False, vrps=False).hijacks() == []


def test_rostelecom_2020_is_told_for_each_network_and_then_as_one() -> None:
    played = play(rostelecom_2020())
    events = played.hijacks()
    assert {event["suspect"] for event in events} == {12389}
    assert len(events) == evidence.WIDE + 1  # thirty networks; those beyond twenty are one candidate
    widest = max(events, key=lambda event: len(event["expected"]))
    assert (len(widest["expected"]), widest["prefix_count"]) == (10, 20)
    assert {event["confidence"] for event in events} == {0.75}
    assert all("30 networks within ten minutes" in texts(event, "for") for event in events)
    assert min(played.known_at(event["id"]) for event in events) - at("2020-04-01 19:27:28") == 32
    assert {event["status"] for event in events} == {"ended"}


@pytest.mark.parametrize("make", [facebook_2021, mainone_2018, verizon_2019])
@pytest.mark.parametrize("files", [True, False])
def test_withdrawals_and_leaks_are_no_hijacks(make: object, files: bool) -> None:
    case: Case = make()  # type: ignore[operator]
    assert play(case, relations=files, vrps=files).hijacks() == []


@pytest.mark.parametrize("case", quiet_cases(), ids=lambda case: case.name)
@pytest.mark.parametrize("files", [True, False])
def test_honest_changes_stay_silent(case: Case, files: bool) -> None:
    if not files and case.name in ("provider", "allowed"):
        pytest.skip("only the operator's files tell that this is honest: see the next test")
    played = play(case, relations=files, vrps=files)
    assert played.told == []


def test_without_files_an_honest_change_is_at_most_a_weak_candidate() -> None:
    for case in quiet_cases():
        for event in play(case, relations=False, vrps=False).hijacks():
            assert event["confidence"] <= 0.4, case.name


@pytest.mark.parametrize("files", [True, False])
@pytest.mark.parametrize("seed", [11, 12, 13])
def test_ordinary_churn_gives_no_candidate(seed: int, files: bool) -> None:
    case = churn(seed=seed)
    assert len(case.stream) > 30_000
    played = play(case, relations=files, vrps=files)
    assert played.told == []


def test_the_same_stream_gives_the_same_candidates() -> None:
    assert play(rostelecom_2020()).told == play(rostelecom_2020()).told


# ---------------------------------------------------------------------- who has to see it


def test_three_peers_of_three_networks_and_a_tenth_of_all_are_enough() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(3))
    (event,) = minute(watch)
    assert (event["peers"], event["peers_total"], event["kind"]) == (3, 20, "origin_change")


@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_peers_are_not_enough(count: int) -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(count))
    assert minute(watch) == []


def test_less_than_a_tenth_of_the_peers_is_not_enough() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(3))
    assert minute(watch, full=[*PEERS, *(f"rrc01|{n}" for n in range(11))]) == []


def test_many_sessions_of_one_network_are_one_voice() -> None:
    watch = OriginWatch(relations=relations())
    for peer in PEERS[:9]:
        watch.take(START, PREFIX, SUSPECT, f"6939 {SUSPECT}", peer, 6939, (HOLDER,))
    assert minute(watch) == []


def test_peers_without_a_full_table_do_not_count() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(10))
    assert minute(watch, full=PEERS[8:]) == []
    (event,) = minute(watch, 2, full=PEERS[7:])  # one more has become a full-feed peer meanwhile
    assert (event["peers"], event["peers_total"]) == (3, 13)


def test_two_peers_are_enough_against_what_the_holder_signed() -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations())
    shows(watch, range(2))
    (event,) = minute(watch)
    assert (event["rpki"], event["confidence"]) == ("invalid", 0.7)
    assert "may not announce it" in texts(event, "for")


def test_a_roa_that_does_not_fit_the_holder_either_is_weak_evidence() -> None:
    watch = OriginWatch(signed((PREFIX, 1234, 21)), relations())
    shows(watch, range(2))
    assert minute(watch) == []
    shows(watch, range(3))
    (event,) = minute(watch, 2)
    assert (event["rpki"], event["confidence"]) == ("invalid", 0.5)
    assert "neither" in texts(event, "for")


def test_what_does_not_spread_within_half_an_hour_is_forgotten() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, [0])
    for number in range(1, 32):
        minute(watch, number)
    assert watch.watched == {}
    assert watch.passed["did not spread"] == 1
    shows(watch, [1, 2], START + 32 * 60)  # two more, too late to be one event with it
    assert minute(watch, 33) == []


# ---------------------------------------------------------------------- what is passed over


@pytest.mark.parametrize(
    ("reason", "prefix", "origin", "known", "tail"),
    [
        ("reserved AS number", PREFIX, 64512, (HOLDER,), "1299"),
        ("reserved AS number", PREFIX, SUSPECT, (65001,), "1299"),
        ("prefix too long", "193.0.0.7/32", SUSPECT, (HOLDER,), "1299"),
        ("prefix too long", "193.0.0.128/25", SUSPECT, (HOLDER,), "1299"),
        ("prefix too short", "192.0.0.0/7", SUSPECT, (HOLDER,), "1299"),
        ("reserved", "10.1.0.0/16", SUSPECT, (HOLDER,), "1299"),
        ("reserved", "192.0.2.0/24", SUSPECT, (HOLDER,), "1299"),
        ("reserved", "fc00::/16", SUSPECT, (HOLDER,), "1299"),
        ("no prefix", "193.0.0/21", SUSPECT, (HOLDER,), "1299"),
        ("many origins", PREFIX, SUSPECT, (1, 2, 3), "1299"),
        ("related", PREFIX, 14618, (16509,), "1299"),  # one owner, by its name
        ("carried", PREFIX, SUSPECT, (HOLDER,), f"1299 {HOLDER}"),
    ],
)
def test_an_ordinary_reason_is_counted_and_nothing_is_told(
    reason: str, prefix: str, origin: int, known: tuple[int, ...], tail: str
) -> None:
    watch = OriginWatch()
    shows(watch, range(20), prefix=prefix, origin=origin, known=known, tail=tail)
    assert minute(watch) == []
    assert watch.passed == {reason: 1}


@pytest.mark.parametrize("line", [f"{SUSPECT}|{HOLDER}|-1", f"{HOLDER}|{SUSPECT}|-1"])
def test_a_customer_or_a_provider_is_passed_over_even_against_a_roa(line: str) -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations(line))
    shows(watch, range(20))
    assert minute(watch) == []
    assert watch.passed == {"related": 1}


def test_peering_is_no_contract_over_address_space() -> None:
    watch = OriginWatch(relations=relations(f"{SUSPECT}|{HOLDER}|0"))
    shows(watch, range(5))
    assert len(minute(watch)) == 1


def test_what_the_holder_signed_is_passed_over() -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21), (PREFIX, SUSPECT, 21)))
    shows(watch, range(20))
    assert minute(watch) == []
    assert watch.passed == {"rpki valid": 1}


def test_a_stale_file_of_the_rpki_says_nothing() -> None:
    old = Vrps.load(orjson.dumps({"metadata": {"generated": int(START) - 5 * 86_400},
                                  "roas": [{"prefix": PREFIX, "asn": HOLDER}]}))  # fmt: skip
    watch = OriginWatch(old, relations())
    shows(watch, range(5))
    (event,) = minute(watch)
    assert event["rpki"] == "unknown"
    assert "no validator's data of that time" in texts(event, "against")


def test_a_prefix_without_known_origin_has_nobody_to_lose_it() -> None:
    watch = OriginWatch()
    shows(watch, range(20), known=())
    shows(watch, range(20), known=(0,))
    shows(watch, range(20), known=(SUSPECT,))
    assert minute(watch) == []
    assert watch.watched == {}


def test_an_origin_seen_on_seven_days_is_usual() -> None:
    watch = OriginWatch(relations=relations())
    for day in range(7):
        time = START + 86_400 * day
        shows(watch, [0], time)
        watch.end(time + 60, PREFIX, SUSPECT)
    shows(watch, range(20), START + 86_400 * 7)
    assert watch.minute(START + 86_400 * 7 + 60, PEERS, []) == []
    assert watch.passed["usual"] == 2


# ---------------------------------------------------------------------- evidence


def test_a_part_of_a_prefix_weighs_more_than_the_whole() -> None:
    watch = OriginWatch(relations=relations())
    for n in range(4):
        watch.more_specific(START, "193.0.1.0/24", SUSPECT, f"{n} 1299 {SUSPECT}", PEERS[n], n, PREFIX, (HOLDER,))
    (event,) = minute(watch)
    assert (event["kind"], event["confidence"]) == ("more_specific", 0.5)
    assert f"announces {PREFIX} around it" in event["words"]


def test_a_change_that_nearly_all_follow_looks_like_a_transfer() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(20))
    (event,) = minute(watch)
    assert event["confidence"] == 0.3
    assert "handed over" in texts(event, "against")


def test_a_change_that_more_than_half_follow_is_wide() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(15))
    (event,) = minute(watch)
    assert event["confidence"] == 0.5
    assert "More than half" in texts(event, "for")


def test_two_networks_of_one_country_weigh_less() -> None:
    file = Relations.load(b"1299|1136|-1\n1299|1103|-1\n")
    for holder, weight in ((1136, 0.3), (HOLDER, 0.2)):  # KPN and SURF in the Netherlands; not in the file
        watch = OriginWatch(relations=file)
        shows(watch, range(4), origin=1103, known=(holder,))
        told = minute(watch)
        assert [event["confidence"] for event in told] == ([weight] if weight >= evidence.SHOWN else [])


def test_names_that_begin_alike_weigh_less() -> None:
    file = Relations.load(b"1299|8987|-1\n1299|16509|-1\n")
    watch = OriginWatch(signed((PREFIX, 16509, 21)), file)
    shows(watch, range(4), origin=8987, known=(16509,))
    (event,) = minute(watch)
    assert event["confidence"] == 0.4  # 0.3 + 0.3 + 0.1 - 0.2 - 0.1
    assert "begin alike" in texts(event, "against")


def test_three_networks_hit_at_once_raise_all_three() -> None:
    watch = OriginWatch(relations=relations("1299|3215|-1", "1299|2856|-1"))
    shows(watch, range(4))
    assert minute(watch)[0]["confidence"] == 0.4
    shows(watch, range(4), START + 70, prefix="80.10.0.0/16", known=(3215,))
    shows(watch, range(4), START + 80, prefix="86.128.0.0/16", known=(2856,))
    told = minute(watch, 2)
    assert [event["confidence"] for event in told] == [0.55, 0.55, 0.55]
    assert [event["prefix"] for event in told] == [PREFIX, "80.10.0.0/16", "86.128.0.0/16"]


def test_every_candidate_says_what_speaks_against_it() -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations())
    shows(watch, range(12))
    (event,) = minute(watch)
    assert event["confidence"] == 0.8
    assert event["against"]


# ---------------------------------------------------------------------- grouping, ending, coming back


def test_prefixes_of_one_network_within_ten_minutes_are_one_candidate() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    (first,) = minute(watch)
    shows(watch, range(4), START + 500, prefix="193.0.8.0/21")
    (second,) = minute(watch, 9)
    assert second["id"] == first["id"]
    assert second["prefixes"] == [PREFIX, "193.0.8.0/21"]
    assert "announces 2 prefixes of AS3333" in second["words"]


def test_a_prefix_much_later_is_another_candidate() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    (first,) = minute(watch)
    shows(watch, range(4), START + 700, prefix="193.0.8.0/21")
    (second,) = minute(watch, 12)
    assert second["id"] != first["id"]


def test_it_ends_when_the_last_peer_drops_the_last_prefix() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    shows(watch, range(4), prefix="193.0.8.0/21")
    assert [event["status"] for event in minute(watch)] == ["open"]
    watch.end(START + 100, PREFIX, SUSPECT)
    watch.end(START + 101, PREFIX, SUSPECT)  # told twice, counted once
    assert minute(watch, 2) == []
    watch.end(START + 130, "193.0.8.0/21", SUSPECT)
    (event,) = minute(watch, 3)
    assert (event["status"], event["last_seen"]) == ("ended", "2026-03-02T10:02:10Z")
    assert watch.watched == {}


def test_a_route_that_comes_back_at_once_is_the_same_candidate() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    (first,) = minute(watch)
    watch.end(START + 100, PREFIX, SUSPECT)
    minute(watch, 2)
    shows(watch, range(4), START + 200)
    (again,) = minute(watch, 4)
    assert (again["id"], again["status"]) == (first["id"], "open")


def test_what_has_lasted_for_a_week_is_dismissed() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    minute(watch)
    told = [watch.minute(START + 86_400 * day, PEERS, []) for day in range(1, 8)]
    assert [len(events) for events in told] == [0, 0, 0, 0, 0, 1, 0]
    (event,) = told[5]
    assert (event["status"], event["confidence"]) == ("dismissed", 0.05)
    assert event["against"][0] == "It has lasted for days: it is taken for the new normal."


def test_a_candidate_is_taken_back_when_the_holder_passes_the_route_on() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    minute(watch)
    shows(watch, [5], tail=f"1299 {HOLDER}")
    (event,) = minute(watch, 2)
    assert event["status"] == "dismissed"
    assert "The holder itself passes the route on." in event["against"]


@pytest.mark.parametrize("explained", ["roa", "contract"])
def test_new_files_take_back_what_they_explain(explained: str) -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations())
    shows(watch, range(4))
    minute(watch)
    vrps = signed((PREFIX, HOLDER, 21), *([(PREFIX, SUSPECT, 21)] if explained == "roa" else []))
    file = relations(*([f"{HOLDER}|{SUSPECT}|-1"] if explained == "contract" else []))
    watch.use(vrps, file, START + 90)
    (event,) = minute(watch, 2)
    assert event["status"] == "dismissed"


def test_new_files_leave_what_they_do_not_explain() -> None:
    watch = OriginWatch(signed((PREFIX, HOLDER, 21)), relations())
    shows(watch, range(4))
    minute(watch)
    watch.use(signed((PREFIX, HOLDER, 21)), relations(), START + 90)
    assert minute(watch, 2) == []
    assert [event["status"] for event in watch.events()] == ["open"]


def test_unchanged_candidates_of_the_same_five_minutes_are_told_again() -> None:
    """The archive's newest lines about five minutes hold all of them, so that a count of lines is whole."""
    watch = OriginWatch(relations=relations("1299|3215|-1"))
    shows(watch, range(4))
    minute(watch)
    shows(watch, range(4), START + 70, prefix="80.10.0.0/16", known=(3215,))
    assert [event["prefix"] for event in minute(watch, 2)] == [PREFIX, "80.10.0.0/16"]
    shows(watch, range(4), START + 400, prefix="80.11.0.0/16", known=(3215, 2))
    assert minute(watch, 7) == []  # several origins before: too weak to be shown, and no third network either
    watch.end(START + 500, PREFIX, SUSPECT)
    assert [event["status"] for event in minute(watch, 9)] == ["ended", "open"]


# ---------------------------------------------------------------------- bounds and snapshots


def test_room_is_bounded_and_what_is_lost_is_counted() -> None:
    watch = OriginWatch(room=40)
    for n in range(200):
        shows(watch, [0], START + n, prefix=f"193.{n}.0.0/16")
    assert sum(len(held) for held in watch.watched.values()) <= 40
    assert watch.dropped["pairs"] >= 160
    assert "193.199.0.0/16" in watch.watched  # the oldest went


def test_a_candidate_outlives_a_flood_of_odd_routes() -> None:
    watch = OriginWatch(relations=relations(), room=40)
    shows(watch, range(4))
    minute(watch)
    for n in range(200):
        shows(watch, [0], START + 60, prefix=f"194.{n}.0.0/16")
    assert minute(watch, 2) == []
    assert PREFIX in watch.watched


def test_a_candidate_that_can_no_longer_be_followed_says_so() -> None:
    watch = OriginWatch(relations=relations(), room=10)
    for n in range(30):
        shows(watch, range(4), START + n, prefix=f"193.{n}.0.0/16", known=(3000 + n,))
        minute(watch, 1)
    assert watch.dropped["pairs"] > 0
    ended = [event for event in watch.events() if event["status"] == "ended"]
    assert all("Too much came at once" in texts(event, "against") for event in ended)


def test_a_snapshot_in_mid_stream_changes_nothing() -> None:
    """Taken and put back each minute, the watch tells what the undisturbed one tells."""

    def restart(_now: float, origins: OriginWatch, leaks: LeakWatch) -> None:
        for watch in (origins, leaks):
            body = watch.dump()
            watch.load(body)
            assert watch.dump() == body

    for make in (route53_2018, youtube_2008, rostelecom_2020, verizon_2019):
        assert play(make(), each_minute=restart).told == play(make()).told


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | st.sampled_from([b"{}", b"[]", b"null", b'{"form":"origins-1"}']), st.integers(0, 4000))
def test_another_snapshot_is_refused_and_changes_nothing(body: bytes, cut: int) -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(4))
    minute(watch)
    whole = watch.dump()
    for broken in (body, whole[:cut], whole.replace(b'"seen"', b'"sene"'), whole.replace(b"origins-1", b"origins-0")):
        if broken == whole:
            continue
        with pytest.raises(ValueError, match="no snapshot of origins"):
            watch.load(broken)
        assert watch.dump() == whole
