"""A bin that does not list all networks says so, and what it does not list is unknown, not zero."""

from __future__ import annotations

import polars as pl
import pytest

from radar.schema import Parsed, check_signals
from radar.sources import dns_logs, edge_logs, get, waf_events
from radar.sources._dns_rows import PARTIALS as DNS
from radar.sources._edge_counts import PARTIALS as EDGE
from radar.sources._log_bins import Unlisted
from radar.sources._log_source import packed
from radar.sources._waf_rows import PARTIALS as WAF

BIN = 1_772_409_600


def nulls(parsed: Parsed) -> dict[str, set[str]]:
    rows = parsed.rows.filter(pl.col("value").is_null())
    return {signal: set(part["entity"]) for (signal,), part in rows.group_by("signal")}


def one(schema: pl.Schema | dict[str, pl.DataType | type[pl.DataType]], **given: object) -> pl.DataFrame:
    return pl.DataFrame([{name: given.get(name) for name in schema}], schema)


def edge() -> pl.DataFrame:
    return one(EDGE, bin=BIN, cc="DE", field="requests", cell=0, amount=9)


def test_an_edge_bin_names_one_network_that_it_leaves_out() -> None:
    cut = [Unlisted("asn", "", "64496")]
    parsed = edge_logs.parse(packed(edge(), 300, unlisted=cut))
    assert nulls(parsed) == {"edge.requests": {"asn/64496"}, "edge.bytes": {"asn/64496"}}
    assert nulls(edge_logs.parse(packed(edge(), 3600, unlisted=cut))) == {"edge.requests_hour": {"asn/64496"}}
    assert parsed.rows.filter(pl.col("entity") == "country/DE", pl.col("signal") == "edge.requests")["value"][0] == 9


def test_a_dns_bin_names_networks_and_no_zones() -> None:
    table = one(DNS, bin=BIN, kind="country", key="DE", field="asked", cell=0, amount=9)
    cut = [Unlisted("key", "asn", "64496"), Unlisted("key", "zone", "example.org")]
    assert nulls(dns_logs.parse(packed(table, 300, unlisted=cut))) == {"dns.queries": {"asn/64496"}}


def test_a_firewall_bin_tells_origins_from_targets() -> None:
    table = one(WAF, bin=BIN, rule="r", cc="DE", field="matches", cell=0, amount=9)
    cut = [Unlisted("asn", "", "64496"), Unlisted("to_cc", "", "FR"), Unlisted("rule", "", "x")]
    assert nulls(waf_events.parse(packed(table, 300, unlisted=cut))) == {
        "waf.matches": {"asn/64496"}, "waf.matches_to": {"country/FR"},
    }  # fmt: skip


@pytest.mark.parametrize("example", ["", "no network", "<b>", "-1", "9" * 40])
def test_an_example_that_is_no_entity_gives_no_row(example: str) -> None:
    assert nulls(edge_logs.parse(packed(edge(), 300, unlisted=[Unlisted("asn", "", example)]))) == {}


def test_rows_without_a_value_keep_the_contract() -> None:
    parsed = edge_logs.parse(packed(edge(), 300, unlisted=[Unlisted("cc", "", "FR")]))
    check_signals(parsed.rows, source="edge_logs", signals=set(get("edge_logs").SOURCE.signals))
