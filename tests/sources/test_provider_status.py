"""Status pages: each form, texts of others, one round over all pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from radar.errors import UpstreamUnavailable
from radar.http import Http, Limits
from radar.providers import registry
from radar.sources._status_forms import FORMS, decoded
from radar.sources._status_text import address, feed_items, moment, words
from radar.sources.provider_status import details, fetch, parse

AT = datetime(2026, 3, 2, 7, 20, tzinfo=UTC)


def line(body: Any, form: str = "statuspage", provider: str = "github", asked: str = "2026-03-02T07:20:00Z") -> bytes:
    text = body if isinstance(body, str) else json.dumps(body)
    return json.dumps({"provider": provider, "form": form, "asked_at": asked, "url": "x", "body": text}).encode()


def incident(**changed: Any) -> dict[str, Any]:
    usual = {"id": "a", "name": "T", "status": "identified", "impact": "minor", "created_at": "2026-03-02T07:00:00Z"}
    return {**usual, **changed}


def values(body: bytes) -> dict[str, float | None]:
    return {f"{e[9:]} {s[7:]}": v for e, s, v in parse(body).rows.select("entity", "signal", "value").iter_rows()}


def test_words_of_others_lose_markup_scripts_and_hidden_characters() -> None:
    assert words("<p>We are <b>aware</b>.</p><script>alert(1)</script>") == "We are aware ."
    assert words("a\u202eb\x00c") == "a b c"
    assert words("&lt;img onerror=x&gt;") == "<img onerror=x>"  # text, and escaped again when it is drawn
    assert len(words("x" * 1_000_000)) == 2_000
    assert words(None) == words(["x"]) == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-02T07:00:00.123Z", "2026-03-02T07:00:00Z"),
        ("2026-03-02T07:00:00", "2026-03-02T07:00:00Z"),
        ("2026-03-02T00:00:00-07:00", "2026-03-02T07:00:00Z"),
        ("Mon, 02 Mar 2026 07:00:00 GMT", "2026-03-02T07:00:00Z"),
        (1772434800, "2026-03-02T07:00:00Z"),
        ("1772434800", "2026-03-02T07:00:00Z"),
        (1772434800000, "2026-03-02T07:00:00Z"),
        ("yesterday", None), ("", None), (None, None), (True, None), (1e300, None), ("9999-99-99", None), (0, None),
    ],
)  # fmt: skip
def test_a_time_is_read_in_the_forms_that_pages_use_or_not_at_all(value: Any, expected: str | None) -> None:
    assert moment(value) == expected


def test_an_address_that_could_run_something_is_dropped() -> None:
    assert address("https://stspg.io/x") == "https://stspg.io/x"
    assert address("javascript:alert(1)") == address("https://a b") == address(None) == ""


def test_entities_that_grow_are_refused_before_they_grow() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><rss><channel>&b;</channel></rss>'
    with pytest.raises(ValueError, match="document type declaration"):
        feed_items(bomb)


@pytest.mark.parametrize("text", ["", "x", "<rss>", "<html/>", "<rss>" + "<a>" * 40, "<rss><item>&nope;</item></rss>"])
def test_what_is_no_feed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|well-formed"):
        feed_items(text)


def test_an_atom_feed_is_read_as_an_rss_feed_is() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>T</title><link href="https://a.example"/>'
        "<summary>S</summary><published>2026-03-02T07:00:00Z</published></entry></feed>"
    )
    (row,) = FORMS["azure"](atom)
    assert (row["id"], row["title"], row["url"]) == ("1", "T", "https://a.example")
    assert row["created_at"] == "2026-03-02T07:00:00Z"


def test_utf_16_is_read_by_its_mark() -> None:
    assert decoded("[]".encode("utf-16")) == decoded(b"[]") == decoded(b"\xef\xbb\xbf[]") == "[]"
    with pytest.raises(ValueError, match="decode"):
        decoded(b"\xff\xfe\x00")


def test_the_worst_open_incident_is_the_level_and_work_that_was_planned_is_none() -> None:
    page = {"incidents": [incident(), incident(id="b", impact="critical"), incident(id="c", status="resolved")],
            "scheduled_maintenances": [incident(id="m", scheduled_for="2026-03-02T07:00:00Z")]}  # fmt: skip
    assert values(line(page)) == {"github impact": 3.0, "github incidents": 2.0}


def test_an_impact_that_is_not_said_leaves_the_level_unknown() -> None:
    assert values(line({"incidents": [incident(impact="purple")]})) == {
        "github impact": None,
        "github incidents": 1.0,
    }


def test_an_incident_in_two_answers_of_a_page_counts_once() -> None:
    page = {"incidents": [incident()]}
    assert values(line(page) + b"\n" + line(page))["github incidents"] == 1.0


def test_a_clock_in_the_future_is_rejected() -> None:
    parsed = parse(line({"incidents": [incident(created_at="2026-03-03T00:00:00Z")]}))
    assert [item.reason for item in parsed.rejected] == ["an incident written in the future"]


def test_a_page_that_cannot_be_read_gives_no_rows_and_is_told() -> None:
    body = line("{", provider="github") + b"\n" + line({"incidents": []}, provider="discord")
    assert values(body) == {"discord impact": 0.0, "discord incidents": 0.0}
    pages = {row["provider"]: row["error"] for row in details(body)}
    assert pages["discord"] is None
    assert "no JSON" in pages["github"]


def _client(answer: Any) -> Http:
    limits = Limits(tries=1, interval_s=0.0)
    return Http(transport=httpx.MockTransport(answer), limits=limits, sleep=lambda _s: None)


def test_one_page_that_fails_never_stops_the_others() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "www.githubstatus.com":
            return httpx.Response(503)
        return httpx.Response(200, json={"incidents": []} if "api/v2" in request.url.path else [])

    (got,) = fetch(_client(answer), AT, AT)
    pages = {row["provider"]: row["error"] for row in details(got.body) if row["kind"] == "page"}
    assert set(pages) == {slug for slug, row in registry().items() if row.status.form != "none"}
    assert "503" in pages["github"]
    assert pages["discord"] is None
    assert pages["aws"] is None


def test_when_no_page_answers_the_round_is_kept_and_upstream_is_unavailable() -> None:
    rounds = fetch(_client(lambda _request: httpx.Response(500)), AT, AT)
    assert all(row["error"] for row in details(next(rounds).body))
    with pytest.raises(UpstreamUnavailable):
        next(rounds)


def test_past_incidents_are_asked_for_while_something_is_open() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        found = [incident()] if request.url.host == "discordstatus.com" else []
        return httpx.Response(200, json={"incidents": found} if "api/v2" in request.url.path else [])

    list(fetch(_client(answer), AT, AT))
    whole = [url for url in asked if url.endswith("incidents.json") and "api/v2" in url]
    assert whole == ["https://discordstatus.com/api/v2/incidents.json"]
