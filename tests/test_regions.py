"""Regions of clouds and the countries they lie in."""

from __future__ import annotations

import pytest

from radar import reference, regions
from radar.regions import Region, nearest_city, of_country, of_provider

#: What the providers themselves say of where these are.
KNOWN = {
    "asia-east1": "TW", "asia-east2": "HK", "asia-southeast1": "SG", "europe-north1": "FI", "europe-west1": "BE",
    "europe-west4": "NL", "me-central1": "QA", "me-central2": "SA", "northamerica-northeast1": "CA", "us-west1": "US",
    "africa-south1": "ZA", "southamerica-west1": "CL", "ca-central-1": "CA", "eu-west-1": "IE", "me-south-1": "BH",
    "me-central-1": "AE", "eu-central-2": "CH", "us-gov-west-1": "US", "ap-southeast-3": "ID", "eu-south-2": "ES",
}  # fmt: skip


def test_each_region_lies_in_the_country_its_provider_says() -> None:
    found = {region.id: region.country for region in regions.regions()}
    assert len(found) == 68
    assert {id: found[id] for id in KNOWN} == KNOWN
    assert all(found.values())


def test_regions_are_found_by_provider_and_by_country() -> None:
    assert len(of_provider("google-cloud")) == 40
    assert of_provider("quad9") == []
    assert [region.id for region in of_country("BH")] == ["me-south-1"]
    assert of_country("VA") == []


def test_a_name_that_was_cut_is_put_right_and_one_that_is_none_is_the_id() -> None:
    names = {region.id: region.name for region in regions.regions()}
    assert names["ap-northeast-2"] == "Asia Pacific (Seoul)"
    assert names["us-gov-west-1"] == "us-gov-west-1"


def test_across_the_date_line_the_nearest_is_near() -> None:
    km, _city, country = nearest_city(-37.0, -179.9)
    assert country == "NZ"
    assert km < 500


@pytest.mark.parametrize("row", [("x", "y"), ("", ""), ("91", "0"), ("nan", "0"), ("0", "1e9")])
def test_a_row_without_a_place_on_earth_is_left_out(row: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"provider": "aws", "region": "odd", "name": "Odd", "lat": row[0], "lon": row[1]}
    real = reference.table
    monkeypatch.setattr(reference, "table", lambda name: iter([odd]) if name == "cloud_regions" else real(name))
    regions.regions.cache_clear()
    try:
        assert regions.regions() == ()
    finally:
        regions.regions.cache_clear()


def test_a_region_far_from_every_city_is_in_no_country(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = {"provider": "aws", "region": "ice-1", "name": "Ice", "lat": "-85", "lon": "0"}
    real = reference.table
    monkeypatch.setattr(reference, "table", lambda name: iter([odd]) if name == "cloud_regions" else real(name))
    regions.regions.cache_clear()
    try:
        assert regions.regions() == (Region("aws", "ice-1", "Ice", ""),)
    finally:
        regions.regions.cache_clear()
