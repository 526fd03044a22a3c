"""Rehearsed incidents and honest changes, through the real table and both watches; for leaks see test_leaks.py."""

from __future__ import annotations

import pytest

from radar.routing import evidence
from radar.routing.leaks import LeakWatch
from radar.routing.origins import OriginWatch
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
from tests.routing.odd import texts
from tests.routing.rehearsal import play


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


#: What only the operator's files tell to be honest; without them, see the next test.
EXPLAINED = ("provider", "allowed")


@pytest.mark.parametrize("case", quiet_cases(), ids=lambda case: case.name)
def test_honest_changes_stay_silent(case: Case) -> None:
    assert play(case).told == []
    if case.name not in EXPLAINED:
        assert play(case, relations=False, vrps=False).told == []


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


def test_a_snapshot_in_mid_stream_changes_nothing() -> None:
    """Taken and put back each minute, the watch tells what the undisturbed one tells."""

    def restart(_now: float, origins: OriginWatch, leaks: LeakWatch) -> None:
        for watch in (origins, leaks):
            body = watch.dump()
            watch.load(body)
            assert watch.dump() == body

    for make in (route53_2018, youtube_2008, rostelecom_2020, verizon_2019):
        assert play(make(), each_minute=restart).told == play(make()).told
