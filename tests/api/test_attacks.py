"""``/api/v1/attacks``: the same numbers as the page, one form for all rules and one for each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.store import connect, documents, embedded
from tests.api.conftest import application
from tests.sample_attacks import sample_attacks
from tests.samples import sample_documents


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The API over a store that holds the sample of attacks."""
    folder: Path = tmp_path_factory.mktemp("attacks")
    with embedded.start(folder) as server, connect(server.url) as client:
        docs, states = sample_documents()
        documents.publish(client, {**docs, "attacks": sample_attacks(simulated=True)}, states, {})
        yield application(client).test_client()


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_rules_come_without_their_series_and_with_where_from(attacks: FlaskClient) -> None:
    body = attacks.get("/api/v1/attacks").json
    assert [row["id"] for row in body["data"]["rules"]] == ["920350", "944150"]
    assert all("hourly" not in row for row in body["data"]["rules"])
    assert len(body["data"]["hourly"]) == 168
    assert body["data"]["rules"][1]["day"]["countries"][0]["entity"] == "country/BR"
    assert (body["meta"]["state"], body["meta"]["count"], body["meta"]["simulated"]) == ("live", 2, True)


def test_one_rule_comes_with_its_hours_and_days(attacks: FlaskClient) -> None:
    data = attacks.get("/api/v1/attacks?rule=944150").json["data"]
    assert (len(data["hourly"]), len(data["daily"])) == (168, 90)
    assert sum(filter(None, data["hourly"])) == data["total"] == 155


def test_the_csv_of_all_rules_has_a_row_for_each(attacks: FlaskClient) -> None:
    rows = table(attacks.get("/api/v1/attacks?format=csv"))
    assert [(row["rule"], row["trend"], row["blocked"]) for row in rows] == [
        ("920350", "steady", "0.05"), ("944150", "new", "")]  # fmt: skip


@pytest.mark.parametrize(("range", "count"), [("24h", 24), ("7d", 168), ("90d", 90)])
def test_the_csv_of_a_rule_has_a_row_for_each_hour_or_day(attacks: FlaskClient, range: str, count: int) -> None:
    rows = table(attacks.get(f"/api/v1/attacks?rule=944150&format=csv&range={range}"))
    assert len(rows) == count
    assert sum(int(row["matches"] or 0) for row in rows) == 155


def test_an_hour_of_which_nothing_is_known_is_an_empty_cell(attacks: FlaskClient) -> None:
    rows = table(attacks.get("/api/v1/attacks?rule=944150&format=csv&range=90d"))
    assert rows[0]["matches"] == ""
    assert rows[-2]["matches"] == "0"


def test_a_rule_that_is_not_listed_is_a_404_that_names_the_parameter(attacks: FlaskClient) -> None:
    answer = attacks.get("/api/v1/attacks?rule=nobody")
    assert answer.status_code == 404
    assert answer.json["error"]["parameter"] == "rule"


def test_where_no_log_is_read_the_data_are_null_and_the_state_says_why(api: FlaskClient) -> None:
    body = api.get("/api/v1/attacks").json
    assert body["data"] is None
    assert body["meta"]["state"] == "off"
