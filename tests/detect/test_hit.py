"""How many people an outage hits: an estimate with its ground, or no number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from radar import entities, people
from radar.detect.case import Case
from radar.detect.hit import hit, many
from radar.detect.model import Alert
from radar.shapes import Outage
from tests.detect.world import Radar, World


@dataclass
class Part:
    """As much of a case as counts here."""

    entity: str
    status: str = "open"
    live: list[Alert] = field(default_factory=list)


def whom(entity: str, *parts: str, status: str = "open") -> Any:
    return hit(cast(Case, Part(entity)), cast("list[Case]", [Part(key, status) for key in parts]))


def outage_of(entity: str) -> Outage:
    """The outage of an entity of which four of five routes go."""
    world = World("ris", [entity, "asn/64500", "asn/64501"], (9000.0, None, None, None), n=120.0, days=2, wobble=0.001)
    (found,) = Radar(world).step({(entity, 0): 1800.0})
    return found


def test_a_network_is_told_with_the_users_behind_it_and_of_how_many() -> None:
    severity = outage_of("asn/23693")["severity"]
    share = cast(int, people.of_network(23693)) / cast(int, people.of_country("ID"))
    assert severity["share"] == pytest.approx(share, abs=1e-6)
    assert severity["words"] == (
        "Up to 80 % lost for 1 min; about 64 million of the 210 million Internet users in Indonesia are behind this "
        "network (an estimate from its share of the addresses announced there)."
    )
    assert "an estimate from announced addresses" in severity["basis"]


def test_its_part_in_its_own_country_is_the_network_and_one_abroad_is_not() -> None:
    assert whom("geoasn/ID-23693") == whom("asn/23693")
    assert whom("geoasn/MY-23693").share is None


@pytest.mark.parametrize("entity", ["asn/13335", "asn/4199999005", "provider/our-resolver", "region/US-CA", "nobody"])
def test_without_an_estimate_there_is_no_number(entity: str) -> None:
    found = whom(entity)
    assert found.share is None
    assert found.basis == "not known"
    assert found.words == "how many people are hit is not known"


def test_a_country_by_itself_has_users_and_no_share() -> None:
    severity = outage_of("country/IQ")["severity"]
    assert severity["share"] is None
    year = entities.countries()["IQ"].internet_users_year
    assert severity["words"].endswith(
        f"; Iraq has about 38 million Internet users ({year}); how many of them are hit is not known."
    )


def test_a_country_with_networks_known_to_be_hit_adds_them_up_once_each() -> None:
    one, two = cast(int, people.of_network(58224)), cast(int, people.of_network(44244))
    found = whom("country/IR", "asn/58224", "geoasn/IR-58224", "asn/44244", "asn/13335", "geoasn/IR-23693")
    assert found.share == pytest.approx((one + two) / cast(int, people.of_country("IR")), abs=1e-6)
    assert found.words.startswith("about 30 million of the 73 million Internet users in Iran are behind networks that")
    assert found.share < 1


def test_a_part_that_was_taken_back_counts_for_nobody() -> None:
    assert whom("country/IR", "asn/58224", status="retracted").share is None


def test_more_users_than_a_country_has_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "of_network", lambda asn: 10**9)
    assert whom("country/IR", "asn/58224", "asn/44244").share == 1.0


def test_a_country_without_a_table_of_users_has_no_number() -> None:
    unknown = next(code for code in entities.countries() if people.of_country(code) is None)
    assert whom(f"country/{unknown}").words == "how many people are hit is not known"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "none"), (7, "7"), (1234, "1,200"), (345_678, "350,000"), (999_999, "1 million"), (1_249_000, "1.2 million"),
     (64_148_113, "64 million"), (206_324_784, "210 million"), (1_999_999_999, "2 billion"),
     (1_449_999_999, "1.4 billion")],
)  # fmt: skip
def test_people_are_counted_with_two_digits(number: int, text: str) -> None:
    assert many(number) == text
