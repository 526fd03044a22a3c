"""``/api/v1/dns``: the document of names that fail, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from flask.testing import FlaskClient

from radar.books.dns_logs import DnsBook
from radar.components import dns as parts
from radar.shapes import Outage
from radar.shapes.dns import Dns
from radar.store import connect, documents, embedded
from tests.api.conftest import application
from tests.samples import sample_documents

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def document() -> Dns:
    book = DnsBook()
    for number in range(3):
        row: dict[str, Any] = {"bin": f"2026-03-02T00:{5 * number:02}:00Z", "nxdomain": 0, "clients": 9}
        rows = [row | {"zone": "", "queries": 500, "failed": 100, "servers": {}},
                row | {"zone": "shop.example", "queries": 90, "failed": 90, "servers": {"64496": 90}}]  # fmt: skip
        book.take(rows, received_at=BEGIN + timedelta(hours=1), simulated=True)
    return book.page(BEGIN + timedelta(hours=1))


@pytest.fixture(scope="module")
def dns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The API over a store that holds the document."""
    folder: Path = tmp_path_factory.mktemp("dns")
    with embedded.start(folder) as server, connect(server.url) as client:
        docs, states = sample_documents()
        documents.publish(client, {**docs, "dns": document()}, states, {})
        yield application(client).test_client()


def test_failing_zones_come_as_the_book_published_them(dns: FlaskClient) -> None:
    body = dns.get("/api/v1/dns").json
    assert body["data"] == document()
    assert body["meta"]["simulated"] is True
    assert body["meta"]["count"] == 1


def test_without_a_log_the_answer_says_that_none_is_read(api: FlaskClient) -> None:
    body = api.get("/api/v1/dns").json
    assert body["data"] is None
    assert body["meta"]["state"] in ("off", "waiting")


def outage(verdict: str) -> Outage:
    row = {"signal": "bgp.visible_24s", "source": "ris_live", "verdict": verdict, "first_seen": "2026-03-02T00:00:00Z"}
    return cast("Outage", {"entity": "asn/64496", "status": "open", "signals": [row]})


def test_withdrawn_routes_of_the_servers_are_told_as_the_cause() -> None:
    assert "withdrawn since 00:00 UTC" in parts.withdrawn(document(), [outage("affected")])
    assert "not the cause" in parts.withdrawn(document(), [outage("affected")])


def test_nothing_is_said_of_routes_that_are_there() -> None:
    assert parts.withdrawn(document(), [outage("not_affected")]) == ""
    assert parts.withdrawn(document(), []) == ""


def test_the_section_names_zones_and_what_is_left_out() -> None:
    text = str(parts.block(document(), []))
    assert "shop.example" in text
    assert "what fewer people ask for is not kept" in text
    assert parts.block(None, []) is None
