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
