"""docs/api.md says what the code does: every endpoint, every parameter, every code and field, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from radar.api import endpoints, envelope, signals, windows
from radar.labels import UPDATE_KINDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^### `GET ([^`]+)`\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S))


@pytest.mark.parametrize("row", endpoints.ENDPOINTS, ids=lambda row: row.path)
def test_every_endpoint_is_documented_with_exactly_its_parameters(row: endpoints.Endpoint) -> None:
    assert row.path in PARTS, f"docs/api.md lacks ### `GET {row.path}`"
    table = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", PARTS[row.path], re.M)
    told = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    assert told == {parameter.name for parameter in row.parameters}
    assert told or "No parameters" in PARTS[row.path]


def test_nothing_is_documented_that_does_not_exist() -> None:
    assert set(PARTS) == {row.path for row in endpoints.ENDPOINTS}


def test_every_error_code_is_documented(api: FlaskClient) -> None:
    source = Path(envelope.__file__).parent
    text = "".join(path.read_text(encoding="utf-8") for path in source.glob("*.py"))
    codes = set(re.findall(r'ApiError\(\s*\d{3}, "(\w+)"', text))
    assert codes
    assert codes == set(re.findall(r"^\| \d{3} \| `(\w+)`", PAGE, re.M))


def test_every_key_of_meta_is_documented(api: FlaskClient) -> None:
    keys = set(api.get("/api/v1/sources").json["meta"]) - {"count"}
    table = PAGE.partition("## The envelope")[2].partition("## Errors")[0]
    assert keys == {name for cell in re.findall(r"^\| (`.+?) \|", table, re.M) for name in re.findall(r"`(\w+)`", cell)}


def test_intervals_limits_and_kinds_are_those_of_the_code() -> None:
    told = PARTS["/api/v1/signals"]
    assert " ".join(f"`{name}`" for name in windows.INTERVALS) in told
    assert f"{signals.MOST_BINS:,}" in told
    assert f"{signals.MOST_SERIES} series" in told
    assert f"{signals.MOST_POINTS:,}" in told
    for kind in UPDATE_KINDS:
        assert kind in PARTS["/feeds/outages.atom"]
