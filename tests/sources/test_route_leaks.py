"""Archived candidates for route leaks: see test_origin_hijacks.py for what both share."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from radar.errors import UpstreamChanged
from radar.sources import route_leaks

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "route_leaks" / "rehearsed"
LINES = (FOLDER / "route_leaks.ndjson").read_bytes().splitlines()


def test_a_leak_counts_for_each_network_and_country_whose_space_is_in_it() -> None:
    parsed = route_leaks.parse(LINES[1])
    assert orjson.loads(LINES[1])["suspect"] == 396531
    networks = {key for key in parsed.rows["entity"] if key.startswith("asn/")}
    assert len(networks) == 12
    assert "asn/396531" not in networks  # who leaks is not who is hit
    assert set(parsed.rows["value"]) == {1}
    assert set(parsed.rows["signal"]) == {"bgp.leak_candidates"}


def test_a_hijack_is_no_leak() -> None:
    row = orjson.dumps({**orjson.loads(LINES[0]), "kind": "more_specific"})
    with pytest.raises(UpstreamChanged, match="route_leaks: none of 1 lines is a candidate"):
        route_leaks.parse(row)
