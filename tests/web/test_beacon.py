"""The beacon under the real application: off by default, only for this site's pages, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from radar.beacon import limits, told
from radar.sources import _beacon_table
from radar.store import documents, keys
from tests.web.conftest import Site

READER = "77.111.246.53"  # Norway, AS205016 in the tables that come with the radar
GOOD: dict[str, Any] = {"consent": True, "rtt_ms": [30, 20.5, 25], "bytes": 2_097_152, "download_ms": 400}


class Beacon:
    """The site with the beacon switched on, asked by a reader."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder

    def get(self, path: str, address: str = READER, **headers: str) -> Any:
        return self.site.browser.get(path, environ_base={"REMOTE_ADDR": address}, headers=headers)

    def post(self, body: Any = GOOD, address: str = READER, **more: Any) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content_type": "application/json", "environ_base": {"REMOTE_ADDR": address}, **more}
        return self.site.browser.post("/beacon/result", data=data, **given)

    def kept(self) -> list[dict[str, Any]]:
        """All lines that stay."""
        files = sorted(self.folder.glob("*.ndjson"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture
def beacon(site: Site, tmp_path: Path, table: bytes) -> Iterator[Beacon]:
    before = site.server.config["RADAR_SETTINGS"]
    site.server.config["RADAR_SETTINGS"] = replace(before, speed_beacon="on", data_dir=tmp_path)
    folder = tmp_path / "beacon"
    folder.mkdir()
    (folder / _beacon_table.FILE).write_bytes(table)
    clock = documents.get(site.store, "clock")
    site.store.set(keys.document("clock"), json.dumps({**clock, "mode": "live", "simulated": False}))
    yield Beacon(site, folder)
    site.server.config["RADAR_SETTINGS"] = before


@pytest.mark.parametrize("path", ["/beacon/ping", "/beacon/bytes/262144", "/measure"])
def test_it_is_off_by_default(site: Site, path: str) -> None:
    assert site.get(path).status_code == 404
    answer = site.browser.post("/beacon/result", json=GOOD)
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


def test_privacy_speaks_of_measuring_only_where_it_can_be_done(site: Site, beacon: Beacon) -> None:
    assert 'id="measure"' in site.page("/privacy")


def test_privacy_does_not_speak_of_it_elsewhere(site: Site) -> None:
    assert 'id="measure"' not in site.page("/privacy")


def test_a_measurement_leaves_one_line_and_nothing_else(beacon: Beacon) -> None:
    answer = beacon.post()
    assert answer.status_code == 200, answer.text
    (line,) = beacon.kept()
    assert line == answer.json["data"]["kept"]
    assert set(line) == {"hour", "cc", "asn", "rtt_ms", "mbps"}
    assert (line["cc"], line["asn"], line["rtt_ms"], line["mbps"]) == ("NO", 205016, 25.0, 41.94)
    assert line["hour"].endswith(":00:00Z"), "the hour and not the minute"
    assert answer.json["data"]["words"][:2] == ["Round-trip time to this site: 25 ms.", "Download: 41.9 Mbit/s."]
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers, "only the pages of this site"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "192.168.0.7", "fe80::1", "::1"])
def test_what_cannot_be_placed_is_told_to_the_reader_and_not_kept(beacon: Beacon, address: str) -> None:
    answer = beacon.post(address=address)
    assert (answer.status_code, answer.json["data"]["kept"]) == (200, None)
    assert "nothing was kept" in answer.json["data"]["words"][-1]
    assert beacon.kept() == []


def test_the_reader_behind_our_own_server_is_placed_and_a_claimed_address_is_not(beacon: Beacon) -> None:
    claim = {"X-Forwarded-For": f"8.8.8.8, {READER}"}
    assert beacon.post(address="10.0.0.1", headers=claim).json["data"]["kept"] is None
    settings = beacon.site.server.config["RADAR_SETTINGS"]
    beacon.site.server.config["RADAR_SETTINGS"] = replace(settings, beacon_proxies=1)
    assert beacon.post(address="10.0.0.1", headers=claim).json["data"]["kept"]["cc"] == "NO"
    assert beacon.post(address="10.0.0.1").status_code == 422


def test_pings_say_nothing_and_downloads_are_bytes_that_cannot_be_compressed(beacon: Beacon) -> None:
    ping = beacon.get("/beacon/ping")
    assert (ping.status_code, ping.data) == (204, b"")
    for size in told.SIZES:
        answer = beacon.get(f"/beacon/bytes/{size}", **{"Accept-Encoding": "br, gzip"})
        assert len(answer.data) == size
        assert "Content-Encoding" not in answer.headers
        assert "no-transform" in answer.headers["Cache-Control"]
    assert beacon.get("/beacon/bytes/1000000000").status_code == 404
    assert beacon.get("/beacon/bytes/-1").status_code == 404


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_pages_of_other_sites_measure_nothing(beacon: Beacon, where: str) -> None:
    assert beacon.post(headers={"Sec-Fetch-Site": where}).status_code == 403
    assert beacon.get("/beacon/bytes/262144", **{"Sec-Fetch-Site": where}).status_code == 403
    assert beacon.post(content_type="text/plain").status_code == 415, "all that a form of another site can send"
    assert beacon.post(headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert len(beacon.kept()) == 1


def test_a_body_that_is_too_large_or_of_no_told_size_is_refused_unread(beacon: Beacon) -> None:
    assert beacon.post(b" " * (told.LARGEST + 1)).status_code == 413
    assert beacon.post(b" " * 10_000_000).status_code == 413
    assert beacon.post(headers={"Transfer-Encoding": "chunked"}).status_code == 413
    assert beacon.post(b"{" * told.LARGEST).status_code == 400


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_keep_nothing(beacon: Beacon, method: str) -> None:
    assert getattr(beacon.site.browser, method)("/beacon/result", json=GOOD).status_code in (404, 405)
    assert beacon.kept() == []


def test_without_consent_nothing_is_kept(beacon: Beacon) -> None:
    answer = beacon.post({**GOOD, "consent": False})
    assert (answer.status_code, answer.json["error"]["parameter"]) == (400, "consent")
    assert beacon.kept() == []


def test_too_many_from_one_block_are_refused_and_others_are_not(beacon: Beacon) -> None:
    for n in range(limits.RESULTS):
        assert beacon.post(address=f"77.111.246.{n}").status_code == 200
    answer = beacon.post()
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "too_often")
    assert beacon.post(address="185.243.218.97").status_code == 200
    assert len(beacon.kept()) == limits.RESULTS + 1


def test_downloads_are_counted_too(beacon: Beacon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOWNLOADS", 2)
    found = [beacon.get("/beacon/bytes/262144").status_code for _ in range(3)]
    assert found == [200, 200, 429]


def test_an_hour_takes_so_many_and_no_more(beacon: Beacon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALL", 1)
    assert [beacon.post().status_code, beacon.post().status_code] == [200, 429]
    monkeypatch.setattr(limits, "ALL", 100)
    monkeypatch.setattr("radar.beacon.kept.MOST_BYTES", 10)
    answer = beacon.post()
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "not_kept")
    assert len(beacon.kept()) == 1


def test_a_simulated_world_is_not_measured(beacon: Beacon) -> None:
    clock = documents.get(beacon.site.store, "clock")
    for changed in ({"simulated": True}, {"mode": "replay"}):
        beacon.site.store.set(keys.document("clock"), json.dumps({**clock, **changed}))
        answer = beacon.post()
        assert (answer.status_code, answer.json["error"]["code"]) == (409, "not_live")
    assert beacon.kept() == []


def test_without_a_table_of_places_nothing_is_kept(beacon: Beacon) -> None:
    from radar.beacon import routes

    routes._shelf.cache_clear()
    (beacon.folder / _beacon_table.FILE).unlink()
    answer = beacon.post()
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "not_ready")
    assert beacon.kept() == []


def test_a_store_that_is_away_measures_nothing(beacon: Beacon, tmp_path: Path) -> None:
    from radar import store

    with store.connect(f"unix://{tmp_path}/nobody", timeout_s=0.2) as away:
        beacon.site.server.config["RADAR_STORE"] = away
        answer = beacon.post()
        beacon.site.server.config["RADAR_STORE"] = beacon.site.store
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")
    assert beacon.kept() == []


def test_a_disk_that_takes_nothing_is_told(beacon: Beacon) -> None:
    beacon.post()
    (file,) = beacon.folder.glob("*.ndjson")
    file.unlink()
    file.mkdir()
    answer = beacon.post()
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "not_kept")


def test_the_page_says_what_is_kept_before_the_button(beacon: Beacon) -> None:
    text = beacon.site.page("/measure")
    assert text.index("One line is kept") < text.index('id="beacon-start"')
    assert text.index("is your consent") < text.index('id="beacon-start"')
    assert 'src="/assets/beacon.js"' in text
    assert 'src="/assets/beacon.js"' not in beacon.site.page("/privacy"), "no other page loads it"


def test_the_page_has_no_button_over_a_simulated_world(beacon: Beacon) -> None:
    from radar.pages import _kept, _read

    clock = documents.get(beacon.site.store, "clock")
    beacon.site.store.set(keys.document("clock"), json.dumps({**clock, "simulated": True}))
    _read.forget()
    _kept.forget()
    text = beacon.site.page("/measure")
    assert 'id="beacon-start"' not in text
    assert "no live data" in text
