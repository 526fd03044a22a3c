"""What all endpoints promise: one error shape, named parameters, ETags, no lie when the store is gone."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from flask.testing import FlaskClient

from radar.api.endpoints import ENDPOINTS
from radar.store import Store, embedded
from radar.store.documents import publish
from tests.api.conftest import application
from tests.samples import sample_documents, seed

#: One answerable address of every endpoint.
ADDRESSES = {
    "/api/v1/": "/api/v1/",
    "/api/v1/attacks": "/api/v1/attacks",
    "/api/v1/context": "/api/v1/context?entity=country/IQ",
    "/api/v1/dns": "/api/v1/dns",
    "/api/v1/entities": "/api/v1/entities?q=iraq",
    "/api/v1/outages": "/api/v1/outages",
    "/api/v1/outages/<id>": "/api/v1/outages/IQ-20260302T0500Z",
    "/api/v1/providers": "/api/v1/providers?kind=dns",
    "/api/v1/providers/<slug>": "/api/v1/providers/google-cloud",
    "/api/v1/quality": "/api/v1/quality?entity=country/IQ",
    "/api/v1/routing": "/api/v1/routing?entity=asn/5089",
    "/api/v1/routing/paths": "/api/v1/routing/paths?entity=asn/21277",
    "/api/v1/signals": "/api/v1/signals?entity=country/IQ&signal=edge.requests&baseline=1",
    "/api/v1/sources": "/api/v1/sources",
    "/api/v1/status": "/api/v1/status",
    "/feeds/outages.atom": "/feeds/outages.atom",
    "/feeds/<kind>/<code>.atom": "/feeds/country/IQ.atom",
}

#: Those that say something that only the store knows.
FROM_STORE = [address for path, address in ADDRESSES.items() if path != "/api/v1/"]


def error_of(api: FlaskClient, address: str, status: int) -> dict[str, Any]:
    answer = api.get(address)
    assert answer.status_code == status, f"{address}: {answer.status_code} {answer.text[:300]}"
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = json.loads(answer.data)
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message", "parameter", "expected"}
    assert body["error"]["message"]
    return dict(body["error"])


def test_there_is_an_address_for_every_endpoint() -> None:
    assert {row.path for row in ENDPOINTS} == set(ADDRESSES)


@pytest.mark.parametrize("address", ADDRESSES.values())
def test_every_answer_has_an_etag_and_a_304(api: FlaskClient, address: str) -> None:
    first = api.get(address)
    assert first.status_code == 200
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in first.headers["Cache-Control"]
    again = api.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert api.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("address", [a for a in ADDRESSES.values() if a.startswith("/api/")])
def test_every_success_has_data_and_the_whole_meta(api: FlaskClient, address: str) -> None:
    def refuse(text: str) -> float:
        raise AssertionError(f"{text} in {address}")

    body = json.loads(api.get(address).data, parse_constant=refuse)
    assert list(body) == ["data", "meta"]
    assert {"interval", "native_interval", "unit", "source", "licence", "attribution", "last_updated", "lag_s",
            "coverage", "method_url", "simulated"} <= body["meta"].keys()  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES.values())
def test_an_unknown_parameter_is_a_400_that_names_it(api: FlaskClient, address: str) -> None:
    joint = "&" if "?" in address else "?"
    error = error_of(api, f"{address}{joint}entitty=country/IQ", 400)
    assert error["code"] == "bad_parameter"
    assert error["parameter"] == "entitty"


@pytest.mark.parametrize("address", ADDRESSES.values())
def test_only_reading_is_possible(api: FlaskClient, address: str) -> None:
    path = address.partition("?")[0]
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = api.open(path, method=method)
        assert answer.status_code in (404, 405), f"{method} {path}"
        assert answer.content_type == "application/json"
    assert api.options(path).headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert api.head(address).status_code == 200


@pytest.mark.parametrize("value", ["2026-03-02T12:00:00", "2026-03-02", "yesterday", "1772452800", "2026-13-02T00:00Z",
                                   "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "٢٠٢٦-03-02T12:00:00Z",
                                   "2026-03-02T12:00:00Z%00", "", "2026-03-02T12:00:00+99:99"])  # fmt: skip
@pytest.mark.parametrize("name", ["from", "until"])
def test_a_time_that_cannot_be_read_or_has_no_zone_is_named(api: FlaskClient, name: str, value: str) -> None:
    for noun in ("outages?", "signals?entity=country/IQ&"):
        error = error_of(api, f"/api/v1/{noun}{name}={value}", 400)
        assert error["parameter"] == name
        assert "RFC 3339" in error["expected"]


def test_a_time_in_another_zone_is_the_same_moment(api: FlaskClient) -> None:
    address = "/api/v1/signals?entity=country/IQ&signal=edge.requests&from="
    utc, east = (api.get(address + at).json for at in ("2026-03-02T11:00:00Z", "2026-03-02T14:00:00%2B03:00"))
    assert utc == east


@pytest.mark.parametrize(
    "entity",
    [
        "country/XX",
        "country/IQ/x",
        "asn/abc",
        "asn/0",
        "asn/4294967296",
        "IQ",
        "country/iq",
        "geoasn/IQ",
        "planet/mars",
        "country/%F0%9F%92%A9",
        "../etc/passwd",
    ],
)
def test_an_entity_that_does_not_exist_is_a_404(api: FlaskClient, entity: str) -> None:
    for noun in ("outages", "signals"):
        assert error_of(api, f"/api/v1/{noun}?entity={entity}", 404)["parameter"] == "entity"


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("/api/v1/signals", "entity"),
        ("/api/v1/signals?entity=", "entity"),
        ("/api/v1/signals?entity=country/IQ&signal=nonsense", "signal"),
        ("/api/v1/signals?entity=country/IQ&signal=edge.requests@nobody", "signal"),
        ("/api/v1/signals?entity=country/IQ&signal=edge.requests'%20OR%201=1", "signal"),
        ("/api/v1/signals?entity=country/IQ&range=24h&range=7d", "range"),
        ("/api/v1/signals?entity=country/IQ&range=2y", "range"),
        ("/api/v1/signals?entity=country/IQ&range=7d&from=2026-03-01T00:00:00Z", "range"),
        ("/api/v1/signals?entity=country/IQ&from=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z", "until"),
        ("/api/v1/signals?entity=country/IQ&max_points=0", "max_points"),
        ("/api/v1/signals?entity=country/IQ&max_points=1e3", "max_points"),
        ("/api/v1/signals?entity=country/IQ&max_points=99999999999999999999", "max_points"),
        ("/api/v1/signals?entity=country/IQ&max_points=-5", "max_points"),
        ("/api/v1/signals?entity=country/IQ&max_points=%D9%A5", "max_points"),
        ("/api/v1/signals?entity=country/IQ&interval=7m", "interval"),
        ("/api/v1/signals?entity=country/IQ&baseline=yes", "baseline"),
        ("/api/v1/signals?entity=country/IQ&format=xml", "format"),
        ("/api/v1/outages?status=gone", "status"),
        ("/api/v1/outages?from=2026-03-02T00:00:00Z&until=2026-03-02T00:00:00Z", "until"),
        ("/api/v1/entities", "q"),
        ("/api/v1/entities?q=%20%20", "q"),
        ("/api/v1/entities?q=x&limit=51", "limit"),
        ("/api/v1/entities?q=" + "x" * 5000, "q"),
        ("/api/v1/outages?" + "&".join(["entity=country/IQ"] * 21), "entity"),
    ],
)
def test_a_bad_value_is_a_400_that_names_its_parameter(api: FlaskClient, address: str, parameter: str) -> None:
    error = error_of(api, address, 400)
    assert error["parameter"] == parameter
    assert error["expected"]


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/nonsense",
        "/api/v1/outages/",
        "/api/v1/outages/none",
        "/api/v1/outages/a%00b",
        "/api/v1/outages/..%2F..%2Fetc",
        "/feeds/country/XX.atom",
        "/feeds/asn/abc.atom",
        "/feeds/nonsense.atom",
        "/feeds/country/IQ.rss",
    ],
)
def test_an_address_that_does_not_exist_is_a_json_404(api: FlaskClient, address: str) -> None:
    error_of(api, address, 404)


@pytest.mark.parametrize("address", FROM_STORE)
def test_a_store_that_is_down_is_a_503_and_never_a_calm_list(
    spare: tuple[embedded.Embedded, Store], address: str
) -> None:
    server, client = spare
    seed(client)
    api = application(client).test_client()
    assert api.get(address).status_code == 200
    server.stop()
    error = error_of(api, address, 503)
    assert error["code"] == "store_unavailable"
    assert int(api.get(address).headers["Retry-After"]) > 0


@pytest.mark.parametrize("address", [a for a in FROM_STORE if a != "/api/v1/status"])
def test_before_the_first_publication_there_is_no_answer(spare: tuple[embedded.Embedded, Store], address: str) -> None:
    api = application(spare[1]).test_client()
    assert error_of(api, address, 503)["code"] == "not_published"
    assert api.get("/api/v1/status").json["data"]["state"] == "unavailable"


def test_a_fault_of_ours_is_a_json_500_without_details(spare: tuple[embedded.Embedded, Store]) -> None:
    docs, states = sample_documents()
    publish(spare[1], {**docs, "outages": [{"entity": "country/IQ"}]}, states)
    api = application(spare[1]).test_client()
    error = error_of(api, "/api/v1/outages?status=open", 500)
    assert error["code"] == "internal"
    assert "KeyError" not in error["message"]


def test_a_nan_in_a_document_is_null(spare: tuple[embedded.Embedded, Store]) -> None:
    docs, states = sample_documents()
    docs["outages"][0]["confidence"] = math.nan
    publish(spare[1], docs, states)
    body = application(spare[1]).test_client().get("/api/v1/outages").data
    assert b"NaN" not in body
    assert json.loads(body)["data"][0]["confidence"] is None


def test_the_index_tells_every_endpoint_with_its_parameters(api: FlaskClient) -> None:
    for address in ("/api/v1/", "/api/v1"):
        listed = {row["path"]: row for row in api.get(address).json["data"]}
        assert set(listed) == set(ADDRESSES)
        assert all(row["doc"] for row in listed.values())
    names = [p["name"] for p in listed["/api/v1/outages"]["parameters"]]
    assert names == ["entity", "place", "network", "status", "level", "cause", "min_minutes", "min_confidence", "sort",
                     "from", "until", "at", "format"]  # fmt: skip
