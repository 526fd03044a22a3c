"""Warnings: which are told, of where, what takes the place of what, hostile XML, and who is asked."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from radar.books.weather_alerts import BOOK
from radar.errors import ConfigError, UpstreamUnavailable
from radar.http import Http, Limits
from radar.sources._cap import links, tree
from radar.sources.weather_alerts import MOST_MESSAGES, details, fetch, parse
from radar.times import rfc3339

AT = datetime(2026, 3, 2, 7, tzinfo=UTC)
CODE = "<geocode><valueName>EMMA_ID</valueName><value>UK011</value></geocode>"


def alert(
    id: str = "1", *, msg: str = "Alert", refs: str = "", status: str = "Actual", scope: str = "Public",
    severity: str = "Severe", area: str = CODE, event: str = "Storm", expires: str = "2026-03-03T00:00:00+01:00",
    version: str = "1.2",
) -> str:  # fmt: skip
    told = f"<references>{refs}</references>" if refs else ""
    ends = f"<expires>{expires}</expires>" if expires else ""
    return (
        f'<alert xmlns="urn:oasis:names:tc:emergency:cap:{version}"><identifier>{id}</identifier><sender>w</sender>'
        f"<sent>2026-03-02T06:00:00+01:00</sent><status>{status}</status><msgType>{msg}</msgType><scope>{scope}</scope>"
        f"{told}<info><language>en</language><event>{event}</event><severity>{severity}</severity>{ends}"
        f"<area><areaDesc>North</areaDesc>{area}</area></info></alert>"
    )


def answer(*bodies: str, at: datetime = AT, places: tuple[str, ...] = (), scope: str = "s") -> bytes:
    row = {"scope": scope, "places": places, "asked_at": rfc3339(at)}
    return b"\n".join(orjson.dumps({**row, "body": body}) for body in bodies)


def told(*bodies: str, **more: Any) -> list[dict[str, Any]]:
    return [row for row in details(answer(*bodies, **more)) if row["row"] == "happening"]


def reasons(*bodies: str) -> list[str]:
    return [item.reason for item in parse(answer(*bodies)).rejected]


def test_a_warning_is_told_from_its_onset_or_its_sending_to_its_expiry() -> None:
    (row,) = told(alert())
    assert (row["start"], row["end"]) == ("2026-03-02T05:00:00Z", "2026-03-02T23:00:00Z")
    (row,) = told(alert(expires=""))
    assert (row["end"], row["lasts"]) == (None, True)


@pytest.mark.parametrize(
    ("severity", "count"), [("Extreme", 1), ("Moderate", 1), ("Minor", 0), ("Unknown", 0), ("", 0)]
)
def test_moderate_severity_and_more_is_told(severity: str, count: int) -> None:
    assert len(told(alert(severity=severity))) == count


@pytest.mark.parametrize(
    ("area", "usual", "places"),
    [
        (CODE, ("country/FR",), ["country/GB"]),
        ("<polygon>49.0,11.0 49.0,12.0 48.0,12.0 48.0,11.0 49.0,11.0</polygon>", (), ["country/DE"]),
        ("<polygon>49.0,11.0 49.0,12.0 48.0,12.0 48.0,11.0 49.0,11.0</polygon>", ("country/FR",), ["country/FR"]),
        ("<circle>-21.13,-175.2 0</circle>", (), ["country/TO"]),
        ("<circle>1,1 1e9</circle><polygon>a b c d</polygon><areaDesc>x</areaDesc>", (), []),
        ("", ("country/FR",), ["country/FR"]),
        ("", (), []),
    ],
)
def test_the_country_comes_from_codes_then_the_setting_then_shapes(
    area: str, usual: tuple[str, ...], places: list[str]
) -> None:
    assert [row["places"] for row in told(alert(area=area), places=usual)] == ([places] if places else [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (alert(status="Test"), "a message that is no actual public one"),
        (alert(scope="Restricted"), "a message that is no actual public one"),
        (alert(msg="Ack"), "a message of another type"),
        (alert(id=""), "a message without identifier, sender or time"),
        (alert(area=""), "a warning without a title, a country or a span"),
        (alert(expires="2026-03-01T00:00:00Z"), "a warning without a title, a country or a span"),
        (alert().replace("<info>", "<other>").replace("</info>", "</other>"), "a warning that says nothing"),
        (alert(version="9.9"), "a feed or message could not be read"),
        ("<html/>", "a feed or message could not be read"),
    ],
)
def test_what_is_not_told_is_counted_with_its_reason(body: str, reason: str) -> None:
    assert told(body) == []
    assert reasons(body) == [reason]


def book_of(*rounds: list[str]) -> dict[str, Any]:
    book = BOOK()
    for number, bodies in enumerate(rounds):
        at = AT + timedelta(hours=number)
        book.take(details(answer(*bodies, at=at)), received_at=at, simulated=False)
    at = AT + timedelta(hours=len(rounds))
    return {row["title"]: row for row in book.page(at)["happenings"]}


OLD = alert("1", event="Storm")
NEW = alert("2", event="Worse storm", msg="Update", refs="w,1,2026-03-02T06:00:00+01:00")
OVER = alert("3", msg="Cancel", refs="w,1,2026-03-02T06:00:00+01:00")


def test_an_update_takes_the_place_of_what_it_refers_to_though_a_feed_lists_both() -> None:
    found = book_of([OLD], [OLD, NEW], [OLD])
    assert set(found) == {"Worse storm"}
    assert found["Worse storm"]["known_at"] == rfc3339(AT)
    assert found["Worse storm"]["changed_at"] == rfc3339(AT + timedelta(hours=1))


@pytest.mark.parametrize("rounds", [([OLD], [OVER]), ([OLD], [OLD, OVER]), ([OLD], [OVER], [OLD]), ([OLD], [OVER], [])])
def test_a_cancelled_warning_is_taken_back_and_stays_so(rounds: tuple[list[str], ...]) -> None:
    rounds = tuple(bodies or [alert("9", severity="Minor")] for bodies in rounds)
    assert book_of(*rounds)["Storm"]["withdrawn_at"] == rfc3339(AT + timedelta(hours=1))


def test_a_warning_that_is_no_longer_listed_still_stands() -> None:
    assert book_of([OLD], [alert("9", severity="Minor")])["Storm"]["withdrawn_at"] is None


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><alert>&b;</alert>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><alert/>',
        "<a>" * 50_000,
        "<feed>" + "<a/>" * 70_000 + "</feed>",
        "x" * 4_000_001,
        "<alert>&undeclared;</alert>",
        "",
        "\x00",
    ],
    ids=range(8),
)
def test_hostile_xml_is_refused_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ValueError, match=r"expected|well-formed|elements"):
        tree(text)
    assert time.perf_counter() - began < 2


def test_links_are_those_to_messages_in_atom_and_rss() -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://a/self"/><entry><link href="https://a/page"/>'
        '<link type="application/cap+xml" href="https://a/1.cap"/></entry><entry><title>none</title></entry></feed>'
    )
    assert links(tree(atom)) == ["https://a/1.cap"]
    rss = "<rss><channel><link>https://a</link><item><link> https://a/2.cap </link></item></channel></rss>"
    assert links(tree(rss)) == ["https://a/2.cap"]


def test_a_feed_sends_us_to_its_own_host_alone_and_to_so_many_messages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "one.xml"
    file.write_text(alert("file"), encoding="utf-8")
    monkeypatch.setenv(
        "RADAR_WEATHER_ALERTS", f"{file} https://warn.example.org/token/index.xml https://gone.example.org/x"
    )
    entries = "".join(f"<item><link>/cap/{n}.xml</link></item>" for n in range(MOST_MESSAGES + 5))
    index = f"<rss><channel><item><link>http://localhost/x</link></item>{entries}</channel></rss>"
    asked = []

    def upstream(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host != "warn.example.org" or request.url.path == "/cap/3.xml":
            return httpx.Response(404)
        body = index if request.url.path.endswith("index.xml") else alert(request.url.path)
        return httpx.Response(200, content=body.encode())

    transport = httpx.MockTransport(upstream)
    with Http(transport=transport, sleep=lambda _s: None, limits=Limits(tries=1, interval_s=0)) as http:
        (found,) = fetch(http, AT, AT)
    assert asked.count("warn.example.org") == MOST_MESSAGES + 1
    assert "localhost" not in asked
    assert not {b"token", str(tmp_path).encode()} & {
        part for part in (b"token", str(tmp_path).encode()) if part in found.body
    }
    rows = details(found.body, name=found.name)
    assert (
        sum(row["row"] == "happening" for row in rows) == MOST_MESSAGES
    )  # one of them could not be read, one is a file
    errors = {row["scope"].split()[0]: row["error"] for row in rows if row["row"] == "round"}
    assert errors["one.xml"] is None
    assert "404" in errors["warn.example.org"]
    assert "404" in errors["gone.example.org"]


def test_when_no_feed_can_be_read_it_fails_and_without_a_setting_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(404))
    with Http(transport=transport, sleep=lambda _s: None, limits=Limits(tries=1)) as http:
        monkeypatch.setenv("RADAR_WEATHER_ALERTS", "https://gone.example.org/x")
        with pytest.raises(UpstreamUnavailable, match="none of 1 feeds"):
            list(fetch(http, AT, AT))
        monkeypatch.delenv("RADAR_WEATHER_ALERTS")
        with pytest.raises(ConfigError, match="expected feeds"):
            next(fetch(http, AT, AT))
