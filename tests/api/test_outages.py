"""The list of outages, one outage, and the list as it was known at an earlier moment."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.known import as_known, select
from radar.times import parse
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


def test_at_shows_nothing_that_was_not_published_by_then(api: FlaskClient) -> None:
    assert IRAQ not in ids(api, "?at=2026-03-02T05:14:59Z"), "it had begun, and no one knew"
    assert IRAQ in ids(api, "?at=2026-03-02T05:15:00Z")
    assert ids(api, "?at=2020-01-01T00:00:00Z") == []


def test_at_shows_a_closed_outage_as_open_while_it_lasted(api: FlaskClient) -> None:
    (then,) = api.get("/api/v1/outages?entity=country/FJ&at=2026-03-02T09:45:00Z").json["data"]
    assert (then["status"], then["end"]) == ("open", None)
    assert [row["kind"] for row in then["updates"]] == ["opened", "restoring"]
    (now,) = api.get("/api/v1/outages?entity=country/FJ&at=2026-03-02T11:00:00Z").json["data"]
    assert (now["status"], now["end"]) == ("closed", "2026-03-02T10:00:00Z")
    assert ids(api, "?status=open&entity=country/FJ&at=2026-03-02T09:45:00Z") == [FIJI]


def test_at_tells_nothing_from_later_knowledge() -> None:
    iraq = next(row for row in sample_outages() if row["id"] == IRAQ)
    then: Any = as_known(iraq, parse("2026-03-02T05:20:00Z"))  # type: ignore[arg-type]  # a sample is a plain dict
    assert then["confidence"] is None
    assert then["severity"]["depth"] is None
    assert then["severity"]["minutes"] == 20.0
    assert then["causes"] == []
    assert then["headline"] == "Requests are 88 % below normal."
    assert {row["signal"] for row in then["signals"]} == {"edge.requests", "ping.up_24s"}
    assert all("depth" not in row for row in then["signals"])
    assert set(iraq) - {"verdict", "rule", "rule_words"} == set(then), "the shape stays"


def test_at_names_no_outage_that_was_joined_later() -> None:
    iraq: Any = next(row for row in sample_outages() if row["id"] == IRAQ) | {"related": ["x"]}
    then: Any = as_known(iraq, parse("2026-03-02T05:20:00Z"))
    assert then["related"] == []
    assert as_known(iraq, parse("2026-03-02T12:00:00Z"))["related"] == ["x"]  # type: ignore[index]  # it was known


def test_at_shows_an_open_outage_only_as_long_as_it_had_lasted() -> None:
    iraq: Any = next(row for row in sample_outages() if row["id"] == IRAQ)
    then: Any = as_known(iraq, parse("2026-03-02T09:00:00Z"))
    assert (then["severity"]["minutes"], then["severity"]["words"]) == (240.0, "")
    assert then["severity"]["depth"] == 0.93
    assert as_known(iraq, parse("2026-03-02T12:00:00Z")) is iraq


def test_at_does_not_tell_an_end_that_lay_ahead_even_without_updates() -> None:
    fiji: Any = next(row for row in sample_outages() if row["id"] == FIJI)
    del fiji["updates"]
    then: Any = as_known(fiji, parse("2026-03-02T09:00:00Z"))
    assert (then["status"], then["end"]) == ("open", None)


def test_a_retraction_is_only_known_once_it_was_published() -> None:
    portugal: Any = [row for row in sample_outages() if row["entity"] == "country/PT"]
    (then,) = select(portugal, at=parse("2026-03-01T11:00:00Z"))
    assert (then["status"], then["retraction"]) == ("open", None)
    (now,) = select(portugal, at=parse("2026-03-01T12:00:00Z"))
    assert (now["status"], now["retraction"]) == ("retracted", "Our own pipeline lost a third of the logs.")


def test_status_counts_the_running_clock_and_leaves_recorded_history_out(api: FlaskClient) -> None:
    data = api.get("/api/v1/status").json["data"]
    assert data["outages"] == {"open": 4, "closed": 1, "retracted": 1}
    assert data["states"] == {"ok": 9, "degraded": 2, "outage": 2, "insufficient": 1}
    assert data["state"] == "stale"
    assert data["reasons"] == ["source ioda_signals: Late", "source sample_failing: Failing"]
    assert data["notice"] is None
