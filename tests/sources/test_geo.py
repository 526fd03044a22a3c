"""Addresses become a country and a network, by the radar's tables or one's own."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import polars as pl
import pytest

from radar.sources._geo import NO_ADDRESS, SPECIAL, locate


def test_addresses_inside_addresses_are_found() -> None:
    asked = ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "2001:4860:4860::8888"]
    found = locate(pl.Series(asked))
    assert found["asn"].to_list() == [15169] * 5
    assert found["reason"].null_count() == 5


@pytest.mark.parametrize("text", ["10.1.2.3", "::1", "fe80::1%eth0", "192.0.2.1", "2001:db8::1", "::ffff:10.0.0.1",
                                  "255.255.255.255", "224.0.0.1", "2002:a00:1::"])  # fmt: skip
def test_special_addresses_belong_to_nobody(text: str) -> None:
    assert locate(pl.Series([text])).rows() == [(None, None, SPECIAL)]


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "256.1.1.1", "01.2.3.4", "1.2.3.4.5", ":::", "1.2.3.4:80", "\0:"])
def test_what_is_no_address_says_so(text: str) -> None:
    assert locate(pl.Series([text])).rows() == [(None, None, NO_ADDRESS)]


def test_nulls_repeats_and_order_are_kept() -> None:
    found = locate(pl.Series(["8.8.8.8", None, "x", "8.8.8.8"]))
    assert found["asn"].to_list() == [15169, None, None, 15169]
    assert locate(pl.Series([], dtype=pl.String)).height == 0


def test_a_table_of_ones_own_is_used_and_a_damaged_one_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RADAR_RANGES", str(tmp_path))
    first = int(ipaddress.ip_address("8.8.8.0"))
    path = tmp_path / "countries.parquet"
    pl.DataFrame({"start": [first], "end": [first + 255], "cc": ["IS"]}).write_parquet(path)
    assert locate(pl.Series(["8.8.8.8"])).row(0)[:2] == ("IS", 15169)
    path.write_bytes(b"PAR1 damaged PAR1")
    assert locate(pl.Series(["8.8.8.8"])).row(0)[:2] == ("IS", 15169)
    pl.DataFrame({"start": [first], "end": [first + 255], "cc": ["NO"]}).write_parquet(path)
    assert locate(pl.Series(["8.8.8.8"])).row(0)[:2] == ("NO", 15169)
