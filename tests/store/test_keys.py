"""How time is cut into pages, and how keys are built."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.signals import GROUPS, MONTH_S, Group
from radar.store import keys

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GRAINS = (60, 300, 600, 1800, 3600, 7200, 86_400, MONTH_S)


@given(st.sampled_from(GRAINS), st.integers(0, 7 * 10**15).map(lambda us: EPOCH + timedelta(microseconds=us)))
def test_a_bin_holds_its_moment_and_ends_where_the_next_begins(grain: int, moment: datetime) -> None:
    index = keys.bin_index(grain, moment)
    assert keys.bin_start(grain, index) <= moment < keys.bin_start(grain, index + 1)
    assert keys.bin_index(grain, keys.bin_start(grain, index)) == index


@given(st.sampled_from(GRAINS), st.integers(20_000, 500_000), st.integers(0, 3000))
def test_cutting_at_page_borders_loses_no_bin_and_repeats_none(grain: int, first: int, count: int) -> None:
    group = Group("x", grain, 1, ())
    size = keys.page_bins(grain)
    pieces = keys.spans(group, range(first, first + count))
    covered = [number * size + row + i for number, row, rows in pieces for i in range(rows)]
    assert covered == list(range(first, first + count))
    assert all(row >= 0 and row + rows <= size for _, row, rows in pieces)
    assert keys.runs(group, range(first, first + count)) == pieces


def test_scattered_bins_are_joined_into_runs() -> None:
    group = Group("x", 300, 1, ())
    assert keys.runs(group, [1, 2, 3, 287, 288, 289, 700]) == [(0, 1, 3), (0, 287, 1), (1, 0, 2), (2, 124, 1)]


def test_a_month_is_a_calendar_month() -> None:
    assert keys.bin_start(MONTH_S, keys.bin_index(MONTH_S, datetime(2024, 2, 29, 23, tzinfo=UTC))) == datetime(
        2024, 2, 1, tzinfo=UTC
    )
    december = keys.bin_index(MONTH_S, datetime(2025, 12, 31, tzinfo=UTC))
    assert keys.bin_start(MONTH_S, december + 1) == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_range_is_half_open_and_takes_bins_by_their_start() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    assert len(keys.bin_range(300, noon, noon + hour)) == 12
    assert len(keys.bin_range(300, noon + timedelta(seconds=1), noon + hour)) == 11
    assert len(keys.bin_range(300, noon, noon + hour + timedelta(seconds=1))) == 13
    assert len(keys.bin_range(300, noon, noon - hour)) == 0


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        keys.bin_index(300, datetime(2026, 3, 2))  # noqa: DTZ001 - the mistake that is tested


def test_a_start_between_two_bins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no bin of 300 s starts at 2026-03-02T00:01"):
        keys.exact_index(300, datetime(2026, 3, 2, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize("grain", [0, -300, 7, 7000, 14_400, 604_800])
def test_a_grain_without_a_page_is_refused(grain: int) -> None:
    with pytest.raises(ValueError, match="no page for a grain"):
        keys.page_bins(grain)


def test_every_group_of_the_catalogue_has_pages() -> None:
    assert all(keys.page_bytes(group) > 0 for group in GROUPS.values())


def test_keys_of_one_entity_share_a_hash_tag_and_documents_share_another() -> None:
    edge = GROUPS["edge"]
    assert keys.page("country/IQ", edge, "value", 20514) == "radar:v1:{country/IQ}:edge:value:20514"
    published = (keys.document("outages"), keys.blob("edge"), keys.lease("tick"), keys.VERSION, keys.STATES)
    assert all("{pub}" in key for key in published)
    assert len(set(published)) == len(published)


def test_an_unknown_aspect_or_series_is_named() -> None:
    with pytest.raises(KeyError, match="no aspect 'median'"):
        keys.page("country/IQ", GROUPS["edge"], "median", 1)
    with pytest.raises(KeyError, match=r"no series 'edge\.requests'"):
        keys.slot("edge.requests")


def test_live_pages_outlive_the_four_weeks_that_the_detector_looks_back_on() -> None:
    kept = keys.live_ttl_s(GROUPS["edge"])
    assert kept is not None
    assert kept >= 3 * 28 * 86_400
    assert keys.live_ttl_s(GROUPS["google"]) is None


def test_minutes_of_a_stream_are_kept_for_longer_than_the_day_that_they_are_held_against() -> None:
    kept = keys.live_ttl_s(GROUPS["ris"])
    assert kept is not None
    assert 2 * 86_400 <= kept <= 7 * 86_400
