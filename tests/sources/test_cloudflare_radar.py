"""Cloudflare Radar: traffic that compares between answers, outages as theirs, and a token that goes nowhere else."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs import record
from jobs.consent import why_not
from radar.entities import countries
from radar.errors import ConfigError, UpstreamChanged
from radar.http import Http, Limits
from radar.settings import load
from radar.signals import SIGNALS
from radar.sources import cloudflare_radar as radar

DAY = timedelta(days=1)
BEGIN = datetime(2026, 2, 1, tzinfo=UTC)
TOKEN = "k3y-that-nobody-may-see"
RANGE = "outages?dateStart=2026-03-01T00:00:00Z&dateEnd=2026-03-01T06:00:00Z"


def text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def level(moment: datetime) -> float:
    """What the traffic of a made-up country is: a rhythm of a day, and a slow rise."""
    return 50 + 20 * math.sin(moment.hour / 24 * 2 * math.pi) + (moment - BEGIN) / DAY


def answer(first: datetime, hours: int, *, series: dict[str, Any] | None = None, **meta: Any) -> bytes:
    """Scaled as upstream does it: by the largest value of the answer."""
    times = [first + timedelta(hours=h) for h in range(hours)]
    values = [level(t) for t in times]
    known = {"timestamps": [text(t) for t in times], "values": [f"{v / max(values):.9f}" for v in values]}
    end = times[-1] + timedelta(hours=1)
    told = {"aggInterval": "ONE_HOUR", "normalization": "MIN0_MAX", "lastUpdated": text(end + timedelta(hours=2)),
            "dateRange": [{"startTime": text(first), "endTime": text(end)}], **meta}  # fmt: skip
    return json.dumps({"success": True, "result": {"NA": {**known, **(series or {})}, "meta": told}}).encode()


def values(body: bytes) -> dict[datetime, float]:
    return dict(radar.parse(body).rows.select("timebin", "value").iter_rows())


def test_an_hour_has_the_same_value_in_answers_of_different_scale() -> None:
    short, long = values(answer(BEGIN + 3 * DAY, 20 * 24)), values(answer(BEGIN, 25 * 24))
    assert min(short) == BEGIN + 17 * DAY, "days without 14 others before them are not told"
    both = set(short) & set(long)
    assert len(both) == 6 * 24
    assert all(short[t] == pytest.approx(long[t], rel=1e-6) for t in both)


def test_a_value_is_per_cent_of_the_14_days_before_its_day() -> None:
    t = BEGIN + 16 * DAY + timedelta(hours=5)
    before = [level(BEGIN + 2 * DAY + timedelta(hours=h)) for h in range(14 * 24)]
    assert values(answer(BEGIN, 20 * 24))[t] == pytest.approx(100 * level(t) / (sum(before) / len(before)), rel=1e-5)


def test_an_hour_that_is_not_over_is_no_row() -> None:
    end = BEGIN + 15 * DAY
    assert max(values(answer(BEGIN, 15 * 24))) == end - timedelta(hours=1)
    body = answer(BEGIN, 15 * 24, lastUpdated=text(end - timedelta(minutes=90)))
    assert max(values(body)) == end - timedelta(hours=3)


def test_hours_with_a_fault_of_upstreams_own_are_no_rows() -> None:
    start = BEGIN + 14 * DAY + timedelta(hours=3)
    notes = [{"eventType": "PIPELINE", "startTime": text(start), "endTime": text(start + timedelta(hours=1))},
             {"eventType": "OUTAGE", "startTime": text(start), "endTime": text(start + DAY)}, None]  # fmt: skip
    body = answer(BEGIN, 15 * 24, confidenceInfo={"level": 5, "annotations": notes})
    parsed = radar.parse(body)
    assert parsed.rows.height == 22
    assert [(item.reason, item.count) for item in parsed.rejected] == [("an hour with a fault of upstream's own", 2)]


@pytest.mark.parametrize(("told", "rows"), [(1, 0), (2, 0), (3, 24), (5, 24), (None, 24), ("low", 24)])
def test_a_country_with_too_little_data_has_no_rows(told: Any, rows: int) -> None:
    assert radar.parse(answer(BEGIN, 15 * 24, confidenceInfo={"level": told})).rows.height == rows


def test_no_traffic_before_gives_no_ratio_and_too_few_hours_no_mean() -> None:
    dead = radar.parse(answer(BEGIN, 15 * 24, series={"values": ["0"] * (15 * 24)}))
    assert (dead.rows.height, dead.rejected[0].reason) == (0, "no traffic in the 14 days before")
    holes = ["0.5" if h >= 100 else "x" for h in range(15 * 24)]
    few = radar.parse(answer(BEGIN, 15 * 24, series={"values": holes}))
    assert few.rows.is_empty()
    assert {item.reason: item.count for item in few.rejected} == {
        "no hour with a number of zero or more": 100, "too little is known of the 14 days before": 24,
    }  # fmt: skip


def test_traffic_that_is_gone_is_zero() -> None:
    gone = ["0.5"] * (14 * 24) + ["0"] * 24
    assert set(values(answer(BEGIN, 15 * 24, series={"values": gone})).values()) == {0.0}


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        (answer(BEGIN, 48, aggInterval="ONE_DAY"), "", "aggInterval' is 'ONE_DAY'"),
        (answer(BEGIN, 48, normalization="PERCENTAGE_CHANGE"), "", "expected 'MIN0_MAX'"),
        (answer(BEGIN, 48, dateRange=[]), "", "expected the answer's range"),
        (b'{"success": false, "errors": [{"code": 10000, "message": "Authentication error"}], "result": null}', "",
         "Authentication error"),
        (b'{"success": true, "result": {"x": 1}}', "", "expected 'annotations'"),
        (b'{"success": true, "result": []}', "", "an object 'result'"),
        (b'{"success": true, "result": {"annotations": []}}', "answer.json", "tells no range"),
        (b'{"success": true, "result": {"annotations": []}}',
         "dateStart=2020-01-01T00:00:00Z&dateEnd=2026-01-01T00:00:00Z", "tells no range"),
    ],
)  # fmt: skip
def test_another_answer_is_told(body: bytes, name: str, message: str) -> None:
    with pytest.raises(UpstreamChanged, match=message):
        radar.parse(body, name=name)


def test_a_series_of_no_country_is_rejected() -> None:
    body = answer(BEGIN, 15 * 24).replace(b'"NA"', b'"serie_0"')
    parsed = radar.parse(body)
    assert (parsed.rows.height, parsed.rejected[0].reason) == (0, "a series that is of no country")


# Outages -------------------------------------------------------------------------------------------------------------


def outage(start: str, end: str | None, *places: str | int, **more: Any) -> dict[str, Any]:
    return {"startDate": start, "endDate": end, "locations": [p for p in places if isinstance(p, str)],
            "asns": [p for p in places if isinstance(p, int)], "eventType": "OUTAGE", **more}  # fmt: skip


def hours(*listed: Any) -> dict[str, list[float]]:
    body = json.dumps({"success": True, "result": {"annotations": list(listed)}}).encode()
    rows = radar.parse(body, name=RANGE).rows
    return {key: part.sort("timebin")["value"].to_list() for (key,), part in rows.group_by("entity")}


def test_an_outage_counts_in_every_hour_that_it_lasts_into() -> None:
    assert hours(outage("2026-03-01T01:50:00Z", "2026-03-01T03:00:01Z", "NA", 36996)) == {
        "country/NA": [0, 1, 1, 1, 0, 0], "asn/36996": [0, 1, 1, 1, 0, 0],
    }  # fmt: skip


def test_an_outage_without_an_end_lasts_until_it_was_asked_for() -> None:
    first = outage("2026-02-20T00:00:00Z", None, "NA")
    assert hours(first, outage("2026-03-01T04:00:00Z", None, "NA", "NA")) == {"country/NA": [1, 1, 1, 1, 2, 2]}


def test_an_entity_that_no_outage_names_has_no_rows() -> None:
    assert hours() == {}
    assert hours(outage("2026-02-20T00:00:00Z", "2026-02-20T01:00:00Z", "NA")) == {"country/NA": [0] * 6}


@pytest.mark.parametrize(
    "odd",
    [None, [], {}, outage("soon", None, "NA"), outage("2026-03-01T04:00:00Z", "later", "NA"),
     outage("2026-03-01T04:00:00Z", "2026-03-01T03:00:00Z", "NA"), outage("2026-03-01T04:00:00Z", None),
     outage("2026-03-01T04:00:00Z", None, "XX", 0, -3, 2**40), outage("2026-03-01T04:00:00Z", None, locations="NA"),
     outage("2026-03-01T04:00:00Z", None, asns=[True, "3", None])],
)  # fmt: skip
def test_an_odd_outage_is_rejected_and_the_others_count(odd: Any) -> None:
    good = outage("2026-03-01T05:00:00Z", None, "IQ")
    assert hours(odd, good) == {"country/IQ": [0, 0, 0, 0, 0, 1]}


def test_what_cloudflare_tells_is_never_judged_and_its_traffic_is() -> None:
    assert SIGNALS["cloudflare.outages"].profile == "none"
    assert (SIGNALS["cloudflare.traffic"].profile, SIGNALS["cloudflare.traffic"].scale) == ("seasonal", "normalised")


@pytest.mark.shared
def test_the_recorded_outages_are_read_whole(shared_data: Path) -> None:
    body = (shared_data / "cloudflare-radar-annotations-sample" / "annotations_sample.json").read_bytes()
    parsed = radar.parse(body, name="dateStart=2025-01-10T00:00:00Z&dateEnd=2025-01-26T00:00:00Z")
    assert parsed.rejected == ()
    sums = {key: part["value"].sum() for (key,), part in parsed.rows.group_by("entity")}
    assert sums["country/HT"] == 3, "15:15 to 16:00, and 01:30 to 02:45"
    assert sums["country/SY"] == sums["asn/29256"] == 9, "21:15 to 05:45"
    assert sums["country/IE"] == 42, "from 06:30 on 24 January, without an end"
    assert sums["country/SD"] == 0, "in another year"


# Asking --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_CLOUDFLARE_TOKEN", f" {TOKEN}\n")


def world(asked: list[httpx.Request], status: int = 200) -> Http:
    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, content=b'{"success": true, "result": {}}')

    return Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None, limits=Limits(tries=1))


@pytest.mark.usefixtures("with_token")
def test_each_country_is_asked_with_14_days_more_and_the_token() -> None:
    asked: list[httpx.Request] = []
    until = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
    answers = list(radar.fetch(world(asked), until - timedelta(hours=3), until))
    assert len(answers) == len(asked) == len(countries()) + 1
    assert {request.headers["Authorization"] for request in asked} == {f"Bearer {TOKEN}"}
    first, second = asked[0].url.params, asked[1].url.params
    assert (first["dateStart"], first["dateEnd"]) == ("2026-02-23T12:00:00Z", "2026-03-02T12:00:00Z")
    assert (second["dateStart"], second["dateEnd"]) == ("2026-02-16T00:00:00Z", "2026-03-02T12:00:00Z")
    assert second["aggInterval"] == "1h"
    assert not any(TOKEN in one.name for one in answers), "names are archived"


@pytest.mark.usefixtures("with_token")
def test_a_month_is_asked_for_in_ranges_for_which_upstream_gives_hours() -> None:
    asked: list[httpx.Request] = []
    until = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
    list(radar.fetch(world(asked), until - timedelta(days=28), until))
    ranges = [(datetime.fromisoformat(r.url.params["dateStart"]), datetime.fromisoformat(r.url.params["dateEnd"]))
              for r in asked if r.url.params.get("location") == "NA"]  # fmt: skip
    assert max(end - start for start, end in ranges) <= timedelta(days=28)
    covered = [(start + timedelta(days=14), end) for start, end in ranges]
    assert covered[0][0] == datetime(2026, 2, 2, tzinfo=UTC)
    assert all(one[1] == other[0] for one, other in pairwise(covered))


@pytest.mark.usefixtures("with_token")
def test_a_refused_token_ends_it_early_and_is_not_told() -> None:
    asked: list[httpx.Request] = []
    with pytest.raises(UpstreamChanged, match="answered 403") as error:
        list(radar.fetch(world(asked, 403), BEGIN, BEGIN + DAY))
    assert len(asked) == 10
    assert TOKEN not in str(error.value)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "schlüssel"])
def test_a_token_that_cannot_be_sent_is_refused_without_telling_it(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_CLOUDFLARE_TOKEN", token)
    with pytest.raises(ConfigError, match="RADAR_CLOUDFLARE_TOKEN holds no token") as error:
        list(radar.fetch(world([]), BEGIN, BEGIN + DAY))
    assert token not in str(error.value)


def test_it_is_asked_only_with_a_token_and_where_its_terms_are_accepted() -> None:
    accepted = {"RADAR_ACCEPT_TERMS": "cloudflare_radar"}
    assert "RADAR_CLOUDFLARE_TOKEN is not set" in why_not(radar.SOURCE, load(accepted))
    assert "terms are not accepted" in why_not(radar.SOURCE, load({"RADAR_CLOUDFLARE_TOKEN": TOKEN}))
    assert why_not(radar.SOURCE, load({**accepted, "RADAR_CLOUDFLARE_TOKEN": TOKEN})) == ""


@pytest.mark.usefixtures("with_token")
def test_recorded_outages_keep_their_range_in_the_name(tmp_path: Path) -> None:
    def reply(_request: httpx.Request) -> httpx.Response:
        listed = [outage("2026-03-02T01:00:00Z", None, "NA")]
        return httpx.Response(200, json={"success": True, "result": {"annotations": listed}})

    http = Http(transport=httpx.MockTransport(reply), sleep=lambda _s: None)
    settings = load({"RADAR_ACCEPT_TERMS": "cloudflare_radar", "RADAR_CLOUDFLARE_TOKEN": TOKEN})
    now = datetime(2026, 3, 2, 12, 20, tzinfo=UTC)
    assert record.run("cloudflare_radar", settings, into=tmp_path, http=http, now=now) == 0
    names = {path.name for path in (tmp_path / "cloudflare_radar" / "recorded").iterdir()}
    assert "cloudflare_radar-outages-dateStart=2026-02-23T120000Z-dateEnd=2026-03-02T120000Z" in names
