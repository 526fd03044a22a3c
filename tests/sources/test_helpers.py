"""The helpers that sources share: names, packed bytes, lines of JSON, addresses, rejections."""

from __future__ import annotations

import gzip
import ipaddress
from datetime import UTC, datetime

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from radar.errors import UpstreamChanged, UpstreamUnavailable
from radar.sources import Answer, get
from radar.sources import _bytes as b
from radar.sources._ask import ask_each
from radar.sources._geo import _ranges, countries_of, networks_of
from radar.sources._names import country_in, file_name, month_in
from radar.sources._recorded import recorded
from radar.sources._rejections import Rejections, without_addresses
from tests.sources.fixtures import FIXTURES


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("RU.csv.gz", "RU"),
        ("ru.csv", "RU"),
        ("/data/NL/GE.csv", "GE"),
        ("C:\\data\\NA.csv", "NA"),
        ("https://example.org/a/fraction?start=1&region=NA&product=21", "NA"),
        ("https://example.org/RU.csv", "RU"),
        ("https://example.org/x?region=ZZ", None),
        ("youtube-RU-2024.csv", "RU"),
        ("youtube-RU-NL.csv", None),
        ("ioda-iran-(islamic-republic-of)-26-01-01-00-00-normalized.csv", "IR"),
        ("ioda-guinea-bissau-normalized.csv", "GW"),
        ("raw_api_response_example.txt", None),
        ("", None),
        ("https://[broken", None),
    ],
)
def test_country_is_found_in_a_name_or_not_at_all(name: str, country: str | None) -> None:
    assert country_in(name) == country


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("downloads_by_country_2024_10.parquet", (2024, 10)),
        ("x/2023_01/downloads-2024-02.parquet", (2024, 2)),
        ("cache/v1/20241201T000000Z/20250101T000000Z/uploads_by_country/data.parquet", (2024, 12)),
        ("cache/v1/20241201T000000Z/20250201T000000Z/uploads_by_country/data.parquet", None),
        ("2024_10_2024_11.parquet", None),
        ("20241012.parquet", None),
        ("", None),
    ],
)
def test_month_is_found_in_a_name_or_not_at_all(name: str, month: tuple[int, int] | None) -> None:
    assert month_in(name) == (datetime(*month, 1, tzinfo=UTC) if month else None)


def test_file_name_is_the_last_part_of_a_path_or_address() -> None:
    assert [file_name(n) for n in ("a/b.csv", "b.csv", "https://x.org/a/b.csv?c=d/e")] == ["b.csv"] * 3


def test_unpack_gives_back_what_was_packed() -> None:
    body = b"x" * 3_000_000
    assert b.unpack(body, source="s") == (body, False)
    for pack in (gzip.compress, zstandard.compress):
        assert b.unpack(pack(body), source="s") == (body, False)
        assert b.unpack(pack(body[:9]) + pack(body[9:]), source="s") == (body, False)


def test_unpack_of_a_cut_file_gives_the_beginning_and_says_so() -> None:
    body = bytes(range(256)) * 4000
    for packed in (gzip.compress(body), zstandard.compress(body)):
        found, cut = b.unpack(packed[:-6], source="s")
        assert cut
        assert body.startswith(found)


def test_a_small_file_that_holds_an_enormous_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "LARGEST", 1_000_000)
    for packed in (gzip.compress(bytes(5_000_000)), zstandard.compress(bytes(5_000_000))):
        with pytest.raises(UpstreamChanged, match="unpack to more than 1000000 bytes"):
            b.unpack(packed, source="s")


@pytest.mark.parametrize("place", [-200, -100, -60, 30, 300, 900])
def test_damaged_parquet_never_ends_the_process(place: int) -> None:
    body = bytearray((FIXTURES / "mlab_ndt" / "uploads" / "uploads_by_country_2025_10.parquet").read_bytes())
    body[place : place + 8] = b"\xff" * 8
    message = ""
    try:
        b.parquet(bytes(body), source="s")
    except UpstreamChanged as error:
        message = str(error)
    assert message == "" or message.startswith("s: the Parquet file is damaged: ")


def test_parquet_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "PATIENCE_S", 0.001)
    body = (FIXTURES / "mlab_ndt" / "uploads" / "uploads_by_country_2025_10.parquet").read_bytes()
    with pytest.raises(UpstreamChanged, match="was not read within"):
        b.parquet(body, source="s")


def test_damaged_packing_is_told() -> None:
    packed = bytearray(gzip.compress(b"hello world" * 99))
    packed[20] ^= 255
    with pytest.raises(UpstreamChanged, match="gzip data are damaged after"):
        b.unpack(bytes(packed), source="s")


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    st.lists(st.sampled_from([b'{"a":1}', b'{"a":"x"}', b"", b" ", b"{", b"[1]", b'{"a":1e999}', b"\xff"]), max_size=20)
)
def test_every_line_is_a_row_or_broken_or_blank_and_keeps_its_number(lines: list[bytes]) -> None:
    frame, broken = b.json_lines(b"\n".join(lines), {"a": pl.String})
    good = {n for n, line in enumerate(lines, 1) if line.startswith(b'{"a"') and b"999" not in line}
    said = set(frame.filter(pl.col("a").is_not_null())["line"])
    if not any(line.strip() == b"" for line in lines):
        assert said == good
    assert len(said) == len(good)
    assert {n for n, _ in broken}.isdisjoint(said)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("192.0.2.7", "[address]"),
        ("x=2001:db8::1;", "x=[address];"),
        ("::1", "[address]"),
        ("2a01:cb08:1a7:dd00:a0ec:8867:9871:afb", "[address]"),
        ("2026-03-02T00:05:01+05:30", "2026-03-02T00:05:01+05:30"),
        ("at 00:05:01", "at 00:05:01"),
        ("1.5 and 2.25", "1.5 and 2.25"),
    ],
)
def test_addresses_are_hidden_and_times_are_not(text: str, hidden: str) -> None:
    assert without_addresses(text) == hidden


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.ip_addresses())
def test_no_address_survives_in_an_example(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert str(address) not in without_addresses(f"row 7: client is '{address}'")


def test_rejections_are_counted_by_reason_with_the_first_example() -> None:
    rejected = Rejections()
    rejected.add("odd", "first")
    rejected.add("even", "x" * 999)
    rejected.add("odd", "second", 4)
    rejected.add("never", "nothing", 0)
    found = rejected.done()
    assert [(item.reason, item.count) for item in found] == [("odd", 5), ("even", 1)]
    assert found[0].example == "first"
    assert len(found[1].example) < 200


def test_lookup_keeps_the_order_and_says_why_there_is_no_country() -> None:
    asked = [
        "81.2.69.142",
        None,
        "8.8.8.8",
        "10.0.0.1",
        "2001:4860:4860::8888",
        "::ffff:8.8.8.8",
        "x",
        "0.0.0.0",
        "8.8.8.8",
    ]
    assert countries_of(asked)["cc"].to_list() == ["GB", None, "US", None, "US", "US", None, None, "US"]
    assert countries_of([]).height == 0


def test_edges_of_a_range_belong_to_it_and_their_neighbours_do_not() -> None:
    assert countries_of(["1.0.1.0", "1.0.3.255", "1.0.0.255", "1.0.4.0"])["cc"].to_list() == ["CN", "CN", "AU", "AU"]


def test_address_between_two_ranges_is_in_no_country() -> None:
    found = countries_of(["5.249.168.128", "2001:201:0:1f3::"])
    assert found.rows() == [(None, "client address is in no country's range")] * 2


def test_recorded_pack_is_read_by_its_own_sources() -> None:
    found = [(source, answer.name) for source, answer in recorded()]
    assert len(found) == 7
    for source, answer in recorded():
        parsed = get(source).parse(answer.body, name=answer.name)
        assert parsed.rejected == ()
        assert parsed.rows.height > 2000


def test_recorded_pack_holds_no_data_without_an_open_licence() -> None:
    assert {source for source, _ in recorded()} == {"google_traffic", "mlab_ndt"}


def test_asking_stops_at_once_when_the_upstream_is_down_and_goes_on_after_a_refusal() -> None:
    def ask(item: str):  # type: ignore[no-untyped-def]  # a generator of Answer
        if item == "down":
            raise UpstreamUnavailable("s", "down")
        if item == "no":
            raise UpstreamChanged("s", "refused")
        yield Answer(item, b"")

    assert [a.name for a in ask_each("s", ["a", "no", "b", "c", "d"], ask)] == ["a", "b", "c", "d"]
    with pytest.raises(UpstreamUnavailable):
        list(ask_each("s", ["a", "down", "b"], ask))
    with pytest.raises(UpstreamChanged, match="1 of 2 items were refused, first no: s: refused"):
        list(ask_each("s", ["a", "no"], ask))


def test_networks_of_addresses_are_found_in_both_families_and_no_address_comes_out() -> None:
    found = networks_of(["8.8.8.8", "2001:4860:4860::8888", "::ffff:193.0.0.1", "192.168.1.1", None, "x"])
    assert found.columns == ["asn", "reason"]
    assert found["asn"].to_list() == [15169, 15169, 3333, None, None, None]
    assert found["reason"].null_count() == 3


@pytest.mark.parametrize("family", [4, 6])
def test_the_ranges_of_networks_are_sorted_and_do_not_overlap(family: int) -> None:
    table = _ranges("asn", family)
    assert table["start"].is_sorted()
    assert (table["start"] <= table["end"]).all()
    assert (table["start"].shift(-1) > table["end"]).drop_nulls().all()
    assert table["asn"].null_count() == 0
