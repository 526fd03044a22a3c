"""Candidates for origin hijacks: who has to see them, what is passed over, and what weighs how much."""

from __future__ import annotations

import orjson
import pytest

from radar.routing import evidence
from radar.routing.origins import OriginWatch
from radar.routing.relations import Relations
from radar.routing.rpki import Vrps
from tests.routing.odd import HOLDER, PEERS, PREFIX, START, SUSPECT, minute, relations, shows, signed, texts

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


def test_a_peer_that_died_since_has_seen_it_all_the_same() -> None:
    watch = OriginWatch(relations=relations())
    shows(watch, range(8))
    minute(watch)
    shows(watch, [9])
    (event,) = minute(watch, 2, full=PEERS[5:])
    assert (event["peers"], event["peers_total"]) == (8, 20)


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
