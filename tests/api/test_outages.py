"""The list of outages, one outage, and the list as it was known at an earlier moment."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.samples import sample_outages

IRAQ = "IQ-20260302T0500Z"
FIJI = "FJ-20260302T0100Z"


def ids(api: FlaskClient, query: str = "") -> list[str]:
    answer = api.get(f"/api/v1/outages{query}")
    assert answer.status_code == 200, answer.text[:300]
    return [row["id"] for row in answer.json["data"]]


def test_the_list_is_what_was_published(api: FlaskClient) -> None:
    body = api.get("/api/v1/outages").json
    assert body["data"] == sample_outages()
    assert body["meta"]["count"] == len(body["data"])
    assert body["meta"]["simulated"] is True


def test_one_outage_comes_with_its_updates_and_its_sources(api: FlaskClient) -> None:
    body = api.get(f"/api/v1/outages/{IRAQ}").json
    assert [row["kind"] for row in body["data"]["updates"]] == ["opened", "updated", "corrected"]
    assert [row["name"] for row in body["meta"]["sources"]] == ["edge_logs", "ioda_signals"]
    assert all(row["licence"] for row in body["meta"]["sources"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?entity=country/IQ", [IRAQ]),
        ("?entity=country/IQ&entity=country/FJ", [IRAQ, FIJI]),
        ("?entity=country/DE", []),
        ("?status=closed", [FIJI]),
        ("?status=closed&status=retracted", [FIJI, "PT-20260301T1000Z"]),
        ("?until=2025-01-01T00:00:00Z", ["RU-20240801T0000Z"]),
        ("?from=2026-03-02T10:00:00Z&entity=country/FJ", []),
        ("?from=2026-03-02T09:59:59Z&entity=country/FJ", [FIJI]),
        ("?until=2026-03-02T05:00:00Z&entity=country/IQ", []),
        ("?until=2026-03-02T05:00:01Z&entity=country/IQ", [IRAQ]),
    ],
)
def test_filters_keep_what_touches_the_half_open_range(api: FlaskClient, query: str, expected: list[str]) -> None:
    assert ids(api, query) == expected


def test_status_counts_the_running_clock_and_leaves_recorded_history_out(api: FlaskClient) -> None:
    data = api.get("/api/v1/status").json["data"]
    assert data["outages"] == {"open": 4, "closed": 1, "retracted": 1}
    assert data["states"] == {"ok": 9, "degraded": 2, "outage": 2, "insufficient": 1}
    assert data["state"] == "stale"
    assert data["reasons"] == ["source ioda_signals: Late", "source sample_failing: Failing"]
    assert data["notice"] is None


CHILD, PART, ALONE = "AS21277-20260302T0500Z", "IQ-51684-20260302T0510Z", "AS5089-20260302T1100Z"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?place=IQ", [PART, CHILD, IRAQ]),
        ("?place=IQ&place=GB", [ALONE, PART, CHILD, IRAQ]),
        ("?network=AS5089", [ALONE]),
        ("?network=51684", [PART]),
        ("?network=virgin", [ALONE]),
        ("?network=nobody", []),
        ("?level=outage&status=open", [CHILD, IRAQ]),
        ("?cause=cable_cut", [FIJI]),
        ("?min_minutes=421", [FIJI, "RU-20240801T0000Z"]),
        ("?min_confidence=0.9", [CHILD, IRAQ, FIJI]),
        ("?status=open&sort=-depth&place=IQ", [CHILD, IRAQ, PART]),
        ("?status=open&sort=depth&place=IQ", [IRAQ, CHILD, PART]),
        ("?sort=start&place=IQ", [CHILD, IRAQ, PART]),
        ("?sort=-share&min_minutes=400&status=open&status=closed", [IRAQ, FIJI, PART, CHILD]),
    ],
)
def test_the_list_is_narrowed_and_put_in_order(api: FlaskClient, query: str, expected: list[str]) -> None:
    found = ids(api, query)
    assert sorted(found) == sorted(expected)
    assert found == expected


@pytest.mark.parametrize(
    ("query", "name", "status"),
    [("?place=XX", "place", 404), ("?level=ok", "level", 400), ("?cause=aliens", "cause", 400),
     ("?min_minutes=-1", "min_minutes", 400), ("?min_minutes=1e3", "min_minutes", 400),
     ("?min_confidence=1.1", "min_confidence", 400), ("?min_confidence=nan", "min_confidence", 400),
     ("?sort=length", "sort", 400), ("?network=%20", "network", 400)],
)  # fmt: skip
def test_what_cannot_be_read_is_named(api: FlaskClient, query: str, name: str, status: int) -> None:
    answer = api.get(f"/api/v1/outages{query}")
    assert answer.status_code == status
    assert answer.json["error"]["parameter"] == name
    assert answer.json["error"]["expected"]


def test_the_table_holds_exactly_the_outages_of_the_list(api: FlaskClient) -> None:
    query = "?place=IQ&sort=-depth&status=open"
    lines = api.get(f"/api/v1/outages{query}&format=csv").text.splitlines()[1:]
    assert [line.partition(",")[0] for line in lines] == ids(api, query)
