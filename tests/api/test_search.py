"""Search finds what a person means by a few letters or digits."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from radar.api.nearly import nearest
from radar.api.search import exactly, fold, search

KNOWN = [("country/FR", "France"), ("asn/12388", "AS12388 Virgin Media Ireland Limited")]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("IQ", "country/IQ"),
        ("irq", "country/IQ"),
        ("country/IQ", "country/IQ"),
        ("country/iq", "country/IQ"),
        ("  iraq ", "country/IQ"),
        ("uk", "country/GB"),
        ("united states", "country/US"),
        ("turkey", "country/TR"),
        ("sao tome", "country/ST"),
        ("5089", "asn/5089"),
        ("AS5089", "asn/5089"),
        ("as 5089", "asn/5089"),
        ("asn/5089", "asn/5089"),
        ("cloudfl", "provider/cloudflare"),
        ("geoasn/IQ-51684", "geoasn/IQ-51684"),
        ("namib", "country/NA"),
        ("na", "country/NA"),
        ("Cote d'Ivoire", "country/CI"),
        ("Côte d’Ivoire", "country/CI"),
        ("guinea bissau", "country/GW"),
        ("U.S.A.", "country/US"),
        ("St. Lucia", "country/LC"),
        ("Alemania", "country/DE"),
        ("日本", "country/JP"),
        ("Россия", "country/RU"),
        ("ایران", "country/IR"),
        ("\U0001f1ee\U0001f1f6", "country/IQ"),
        ("aws", "provider/aws"),
        ("ChatGPT", "provider/openai"),
        ("instagram", "provider/meta"),
        ("whatsapp", "provider/meta"),
        ("facebook", "provider/meta"),
        ("twitter", "provider/x"),
        ("gmail", "provider/google"),
        ("office 365", "provider/microsoft-365"),
        ("AS4199999005", "asn/4199999005"),
        ("bissau guinea", "country/GW"),
    ],
)
def test_the_first_hit_is_what_was_meant(typed: str, first: str) -> None:
    assert search(typed, 5, KNOWN)[0] == first


def test_what_has_data_comes_before_larger_networks() -> None:
    assert search("virgin media", 3)[0] == "asn/5089"
    assert search("virgin media", 3, KNOWN)[0] == "asn/12388"


def test_digits_find_numbers_that_begin_so() -> None:
    found = search("5089", 10)
    assert found[0] == "asn/5089"
    assert len(found) > 1
    assert all(key.startswith("asn/5089") for key in found)


def test_a_word_of_a_country_comes_before_networks_that_begin_so() -> None:
    assert set(search("Korea", 3)[:2]) == {"country/KP", "country/KR"}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Iraq", "country/IQ"), ("IQ", "country/IQ"), ("AS5089", "asn/5089"), ("as 5089", "asn/5089"),
        ("AWS", "provider/aws"), ("Irak", "country/IQ"), ("uk", "country/GB"), ("5089", None), ("korea", None),
        ("ira", None), ("microsoft", None), ("virgin media", None), ("", None), ("AS0", None), ("AS99999999999", None),
    ],
)  # fmt: skip
def test_a_text_names_one_entity_outright_or_none(typed: str, key: str | None) -> None:
    assert exactly(typed) == key


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("Germny", ["country/DE"]), ("Portgual", ["country/PT"]), ("Spian", ["country/ES"]),
        ("untied states", ["country/US"]), ("facebok", ["provider/meta"]), ("Argentinia", ["country/AR"]),
        ("Deutshe Telekom", ["asn/3320", "asn/8387"]), ("Gremnay", ["country/DE"]), ("Grmny", []), ("qqqqqqqq", []),
        ("Ira", []), ("", []), ("1234567", []), ("a " * 40, []),
    ],
)  # fmt: skip
def test_a_mistyped_name_is_near_the_right_one(typed: str, keys: list[str]) -> None:
    assert nearest(typed) == keys


def test_a_part_in_the_middle_is_found_after_starts_of_words() -> None:
    found = search("iland", 50)
    assert "country/TH" in found
    assert found[0] == "asn/14127", "Iland Internet"
    assert search("ailand", 1) == ["country/TH"]


@pytest.mark.parametrize("typed", ["", "   ", "\u0301", "zzzzqqqq", "' OR 1=1", "\U0001f4a9", "asn/", "99999999999"])
def test_nonsense_finds_nothing_and_raises_nothing(typed: str) -> None:
    assert search(typed, 10, KNOWN) == []


def test_the_limit_is_kept_and_nothing_comes_twice() -> None:
    for typed in ("a", "net", "1", "com"):
        found = search(typed, 50, KNOWN)
        assert len(found) == len(set(found)) == 50


def test_folding_ignores_case_accents_and_breaks() -> None:
    assert fold("São\n  TOMÉ") == "sao tome"
    assert fold("L’Île–d'Or, S.A. (bunny.net)") == "l ile d or sa bunny net"


def test_a_hit_tells_its_state_and_an_unmeasured_one_tells_none(api: FlaskClient) -> None:
    data = {row["key"]: row for row in api.get("/api/v1/entities?q=virgin").json["data"]}
    assert data["asn/5089"]["state"] == "degraded"
    assert data["asn/5089"]["simulated"] is True
    assert data["asn/5089"]["parent"] == "country/GB"
    assert data["asn/1312"]["state"] is None
    assert len(api.get("/api/v1/entities?q=a&limit=3").json["data"]) == 3
