"""``radar reference``: what the origins' forms become, and that nothing broken takes a table's place.

The origins are a server of this test; their forms are as documented by them.
"""

from __future__ import annotations

import csv
import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path

import httpx
import polars as pl
import pytest

from jobs import cli, doctor, reference_forms
from jobs.reference import refresh_table, wrong
from radar import reference
from radar.errors import SourceError, UpstreamChanged, UpstreamUnavailable
from radar.http import Http, Limits
from radar.settings import load

NOW = datetime(2027, 1, 2, 3, tzinfo=UTC)
STATE = "asn,conglomerate,org_id,org_name,ownership_cc,ownership_country_name,rir,target_cc\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of refreshed tables of an empty data folder."""
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path))
    reference.forget()
    yield tmp_path / "reference"
    reference.forget()


def http(body: bytes, status: int = 200) -> Http:
    """A client whose every question is answered so."""
    transport = httpx.MockTransport(lambda _request: httpx.Response(status, content=body))
    return Http(transport=transport, limits=Limits(tries=1, interval_s=0), sleep=lambda _s: None)


def state_owned(drop: int = 0) -> bytes:
    """The origin's form, made of the table in use."""
    rows = list(reference.table("state_owned"))[drop:]
    text = io.StringIO()
    text.write(STATE)
    csv.writer(text, lineterminator="\n").writerows(
        [r["asn"], r["conglomerate"], "@x", r["operator"], r["owner_cc"].replace("NA", ""), "", "", r["abroad_cc"]]
        for r in rows
    )
    return text.getvalue().encode()


def archive(rows: list[list[str]]) -> bytes:
    """A ZIP archive as GeoNames makes it."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        file.writestr("cities15000.txt", "".join("\t".join(row) + "\n" for row in rows))
    return raw.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each request."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def city(name: str, cc: str, people: str, lat: str = "1.5") -> list[str]:
    return [
        "1",
        name,
        name,
        "",
        lat,
        "2.5",
        "P",
        "PPL",
        cc,
        "",
        "",
        "",
        "",
        "",
        people,
        "",
        "5",
        "Etc/UTC",
        "2026-01-01",
    ]


def test_a_refresh_switches_to_the_new_table(folder: Path) -> None:
    before = list(reference.table("state_owned"))
    with http(state_owned(drop=3)) as client:
        said = refresh_table("state_owned", folder, NOW, http=client)
    assert (said.refreshed, said.rows, said.version) == (True, len(before) - 3, "2027-01-02")
    assert said.date == "2021", "a study does not become younger by fetching it"
    assert list(reference.table("state_owned")) == before[3:], "Namibia's code, lost by the origin, is back"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"asn,other\n1,2\n",
        STATE.encode(),
        state_owned(drop=300),
        state_owned()[:40_000],
        state_owned() + state_owned().partition(b"\n")[2],
        state_owned().replace(b"NO-TELENOR", b"\xff\xfe", 1),
        state_owned().replace(b"\n2119,", b"\n-5,"),
        state_owned().replace(b",NO,", b",XX,", 1),
        b"<html>not now</html>",
    ],
    ids=["empty", "other columns", "no rows", "shrunken", "cut", "twice", "encoding", "range", "country", "a page"],
)
def test_what_is_broken_never_replaces_a_table(body: bytes, folder: Path) -> None:
    with http(state_owned(drop=1)) as client:
        good = refresh_table("state_owned", folder, NOW, http=client)
    with http(body) as client, pytest.raises(UpstreamChanged, match="state_owned: "):
        refresh_table("state_owned", folder, NOW, http=client)
    reference.forget()
    assert reference.info("state_owned") == good
    assert not [one for one in (folder / "state_owned").iterdir() if one.name.startswith("tmp")]


def test_an_origin_that_does_not_answer_leaves_the_table(folder: Path) -> None:
    with http(b"", 503) as client, pytest.raises(UpstreamUnavailable):
        refresh_table("cities", folder, NOW, http=client)
    assert not folder.exists()


def test_cities_of_geonames_are_trimmed_and_sorted() -> None:
    raw = archive([city("Small", "NA", "99999"), city("Windhoek", "NA", "268132"), city("Big", "FR", "300000")])
    assert reference_forms.city_rows([raw]) == [
        ("Big", "FR", "1.5", "2.5", "300000"),
        ("Windhoek", "NA", "1.5", "2.5", "268132"),
    ]


@pytest.mark.parametrize(
    "raw", [b"", b"PK\x03\x04", archive([]) + b"x", archive([["a", "b"]]), archive([city("A", "FR", "many")])[:-30]]
)
def test_an_archive_of_any_bytes_gives_rows_or_one_clear_error(raw: bytes) -> None:
    try:
        found = reference_forms.city_rows([raw])
    except ValueError:
        return
    assert found == []


def test_a_network_lies_where_most_of_its_addresses_lie() -> None:
    nets = b'0,255,64500,"One, Inc."\n256,511,64501,Two\n512,767,64500,"One, Inc."\n2000,2001,64502,Nowhere\n'
    lands = b"0,127,NA\n128,767,FR\n"
    sixes = b'2001:db8::,2001:db8::ff,64500,"One, Inc."\n2001:db9::,2001:db9::ff,9,Six\n'
    assert reference_forms.network_rows([nets, lands, sixes]) == [
        ("9", "Six", "", "", ""),
        ("64500", "One, Inc.", "FR", "0.75", "512"),
        ("64501", "Two", "FR", "1.0", "256"),
        ("64502", "Nowhere", "", "", "2"),
    ]


@pytest.mark.parametrize("nets", [b"", b"asn,name\n", b"1.0.0.0,1.0.0.255,13335,Cloudflare\n", b"9,1,5,x\n" * 9])
def test_ranges_in_another_form_are_told_of(nets: bytes) -> None:
    with pytest.raises(ValueError, match=r"expected|out of order"):
        reference_forms.network_rows([nets, b"0,127,NA\n", b"::,::ff,5,x\n"])


def test_the_packaged_ranges_give_the_packaged_networks() -> None:
    data = resources.files("radar").joinpath("data")
    known = {int(row["asn"]): row for row in reference.table("networks")}
    names = pl.DataFrame({"asn": list(known), "name": [row["name"] for row in known.values()]})
    four = pl.read_parquet(io.BytesIO(data.joinpath("ip_asn_v4.parquet").read_bytes()))
    six = pl.read_parquet(io.BytesIO(data.joinpath("ip_asn_v6.parquet").read_bytes()))
    lands = pl.read_parquet(io.BytesIO(data.joinpath("ip_country_v4.parquet").read_bytes()))

    def sent(frame: pl.DataFrame) -> bytes:
        named = frame.cast({"asn": pl.Int64}).join(names, on="asn", maintain_order="left")
        return named.select("start", "end", "asn", "name").write_csv(include_header=False).encode()

    country = lands.select("start", "end", "cc").write_csv(include_header=False).encode()
    rows = reference_forms.network_rows([sent(four), country, sent(six)])
    assert wrong(reference.info("networks"), rows) == ""
    pairs = [(row, tuple(known[int(row[0])].values())) for row in rows]
    assert [(new, old) for new, old in pairs if new[2] != old[2] and float(new[3]) > 0.5] == [], "only ties may differ"
    other = [(new, old) for new, old in pairs if (*new[:2], new[4]) != (*old[:2], old[4])]
    assert len(other) <= 1, "one range of the packaged ones was cut where it overlapped the next"
    assert all(abs(float(new[3] or 0) - float(old[3] or 0)) < 0.002 for new, old in pairs), "the last digit is cut"
    assert len(rows) > 0.999 * len(known), "ranges inside a /64 are not kept"


def test_countries_take_the_newest_year_and_keep_what_an_origin_does_not_know() -> None:
    codes = (
        "ISO3166-1-Alpha-3,ISO3166-1-numeric,ISO3166-1-Alpha-2,CLDR display name,Continent,Sub-region Name\n"
        "NAM,516,NA,Namibia,AF,Sub-Saharan Africa\nIRQ,368,IQ,Iraq,AS,Western Asia\n"
    )
    people = (
        "Country Name,Country Code,Year,Value\nNamibia,NAM,2024,3000000\nNamibia,NAM,2025,3100000\nWorld,WLD,2025,9\n"
    )
    share = "geo,time,internet_users\nnam,2024,64.25\nnam,2023,60\n"
    rows = {row[0]: row for row in reference_forms.country_rows([codes.encode(), people.encode(), share.encode()])}
    old = {row["alpha2"]: tuple(row.values()) for row in reference.table("countries")}
    assert rows["NA"] == ("NA", "NAM", "516", "Namibia", "AF", "Sub-Saharan Africa", "3100000", "64.25", "2024")
    assert rows["IQ"][:6] == old["IQ"][:6]
    assert {code: row for code, row in rows.items() if code not in ("NA", "IQ")} == {
        code: row for code, row in old.items() if code not in ("NA", "IQ")
    }
    assert wrong(reference.info("countries"), list(rows.values())) == ""


def test_a_table_of_countries_that_lost_one_is_refused() -> None:
    rows = [tuple(row.values()) for row in reference.table("countries") if row["alpha2"] != "NA"]
    assert "NA are gone" in wrong(reference.info("countries"), rows)


def test_the_command_reads_a_file_where_there_is_no_internet(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.csv"
    file.write_bytes(state_owned(drop=2))
    assert cli.main(["reference", "--refresh", "state_owned", "--from", str(file), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["ok"], row["rows"]) == (True, 982)
    assert cli.main(["reference", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["state_owned"]["refreshed"]
    assert not listed["cities"]["refreshed"]
    file.write_bytes(b"broken")
    assert cli.main(["reference", "--refresh", "state_owned", "--from", str(file)]) == 1
    assert "the table stays" in capsys.readouterr().out
    assert reference.info("state_owned").rows == 982


def test_a_table_without_an_origin_is_refreshed_from_its_own_form_alone(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("# my own\nprovider,region,name,lat,lon\n" + "\n".join(reference.lines("cloud_regions")), "utf-8")
    with http(b"") as client:
        with pytest.raises(SourceError, match="no origin"):
            refresh_table("cloud_regions", folder, NOW, http=client)
        assert refresh_table("cloud_regions", folder, NOW, http=client, path=file).rows == 68


def test_the_command_asks_the_origin_over_http(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [[row["name"], row["cc"], row["lat"], row["lon"], row["population"]] for row in reference.table("cities")]
    sent = tmp_path / "origin"
    sent.mkdir()
    lines = [city(name, cc, people, lat) for name, cc, lat, _lon, people in rows[1:]]
    (sent / "cities15000.zip").write_bytes(archive([*lines, city("Too small", "FR", "5")]))
    handler = partial(Quiet, directory=str(sent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_address[1]}/cities15000.zip"
        tables = {**reference.packaged(), "cities": replace(reference.info("cities"), origins=(url,))}
        monkeypatch.setattr(reference, "packaged", lambda: tables)
        reference.forget()
        assert cli.main(["reference", "--refresh", "cities"]) == 0
        (sent / "cities15000.zip").write_bytes(archive(lines[:100]))
        later = time.time() + 60  # changed within the second, it would be answered with "not modified"
        os.utime(sent / "cities15000.zip", (later, later))
        assert cli.main(["reference", "--refresh", "cities"]) == 1
        server.shutdown()
        thread.join()
    assert "expected 5021 to 7533" in capsys.readouterr().out
    assert (reference.info("cities").rows, reference.info("cities").refreshed) == (len(rows) - 1, True)


def test_the_doctor_warns_of_a_table_older_than_a_year_but_not_of_a_study(folder: Path) -> None:
    def look(now: datetime) -> list[doctor.Finding]:
        return [found for found in doctor.examine(load, now) if found.topic == "tables"]

    (fine,) = look(datetime(2027, 6, 1, tzinfo=UTC))
    assert (fine.level, "networks of 2026-06-17" in fine.text) == ("ok", True)
    (old,) = look(datetime(2027, 7, 1, tzinfo=UTC))
    assert (old.level, old.text.endswith("older than a year: networks")) == ("warning", True)
    (folder / "cities").mkdir(parents=True)
    (folder / "cities" / reference.CURRENT).write_text("{}", "utf-8")
    reference.forget()
    assert "cities: the refreshed table is not used" in look(datetime(2027, 6, 1, tzinfo=UTC))[0].text


@pytest.mark.parametrize(
    "call", [["nothing"], ["--refresh", "--from", "pyproject.toml"], ["--refresh", "cities", "--from", "no-such-file"]]
)
def test_a_wrong_call_ends_with_2(
    call: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, repo_root: Path
) -> None:
    monkeypatch.chdir(repo_root)
    assert cli.main(["reference", *call]) == 2
