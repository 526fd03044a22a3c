"""Which networks of the logs are followed by five-minute bins, where the operator sets a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from jobs.clock import ClockMode
from jobs.ingest import Pipeline
from jobs.tracked import lead_of
from radar.aggregate.bins import Block
from radar.signals import GROUPS
from radar.store import Store, blocks

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
EDGE, MORE, HOUR = GROUPS["edge"], GROUPS["edgemore"], GROUPS["edgehour"]
STEP = timedelta(minutes=5)


def block(group_name: str, start: datetime, **volumes: float) -> Block:
    """One bin; the names of entities have _ for /."""
    group = GROUPS[group_name]
    names = sorted(name.replace("_", "/") for name in volumes)
    value = np.full((len(names), 1, group.width), np.nan, np.float32)
    for row, name in enumerate(names):
        value[row, 0, :] = volumes[name.replace("/", "_")]
    return Block(group, names, start, value, np.full_like(value, np.nan))


def line(client: Store, networks: int) -> Pipeline:
    return Pipeline(client, None, clock=ClockMode("replay", 1.0, NOW, NOW), networks=networks)


def entities(pipeline: Pipeline, group: str) -> set[str]:
    return set(pipeline.runs[group].progress.entities) if group in pipeline.runs else set()


def test_the_largest_are_let_in_and_countries_always(client: Store) -> None:
    pipeline = line(client, 2)
    pipeline.feed_block(block("edge", NOW, asn_1=5, asn_2=50, asn_3=40, country_IQ=1), simulated=True)
    assert entities(pipeline, "edge") == {"asn/2", "asn/3", "country/IQ"}
    pipeline.feed_block(block("edgemore", NOW, asn_1=9, asn_2=9, country_IR=9), simulated=True)
    assert entities(pipeline, "edgemore") == {"asn/2", "country/IR"}
    pipeline.feed_block(block("edgehour", NOW, asn_1=5, asn_2=50), simulated=True)
    assert entities(pipeline, "edgehour") == {"asn/1", "asn/2"}, "hours are kept of all"
    assert np.isnan(blocks.read_bins(client, EDGE, "value", ["asn/1"], NOW, 1)).all()


def test_who_is_in_stays_in_and_a_larger_newcomer_waits_for_room(client: Store) -> None:
    pipeline = line(client, 2)
    pipeline.feed_block(block("edge", NOW, asn_2=50), simulated=True)
    pipeline.feed_block(block("edge", NOW + STEP, asn_7=10, asn_8=900, asn_9=800), simulated=True)
    assert entities(pipeline, "edge") == {"asn/2", "asn/8"}
    seen = blocks.read_bins(client, EDGE, "value", ["asn/2", "asn/9"], NOW + STEP, 1)[:, 0, 0]
    assert seen[0] == 0, "known, and the log that was heard says nothing of it"
    assert np.isnan(seen[1]), "never known: no data, not zero"


def test_a_block_of_nobody_that_is_in_is_passed_over(client: Store) -> None:
    pipeline = line(client, 1)
    pipeline.feed_block(block("edge", NOW, asn_2=50), simulated=True)
    pipeline.feed_block(block("edgemore", NOW, asn_3=50), simulated=True)
    assert entities(pipeline, "edgemore") == set()


def test_without_a_number_everybody_is_in(client: Store) -> None:
    pipeline = line(client, 0)
    pipeline.feed_block(block("edge", NOW, asn_1=1, geoasn_ID_23693=2), simulated=True)
    assert len(entities(pipeline, "edge")) == 2


def test_only_fine_bins_of_logs_are_cut() -> None:
    assert (lead_of(EDGE), lead_of(MORE), lead_of(HOUR)) == ("edge", "edge", None)
    assert lead_of(GROUPS["ris"]) is None
    assert lead_of(GROUPS["dns"]) == "dns"
