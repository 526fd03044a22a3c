"""Rows become dense bins, and nothing that was not observed becomes a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from radar.aggregate.bins import Block, bin_end, bin_index, bin_start, fill_absent, joined, to_block
from radar.schema import ARCHIVED
from radar.signals import GROUPS, MONTH_S

T0 = datetime(2026, 3, 2, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def rows(*given: tuple[int, str, str, float | None, int | None, int]) -> pl.DataFrame:
    """(bin, entity, signal, value, n, received minute) -> ARCHIVED rows of edge_logs."""
    return pl.DataFrame(
        [
            {
                "timebin": T0 + FIVE * at,
                "entity": entity,
                "signal": signal,
                "value": value,
                "n": n,
                "source": "edge_logs",
                "simulated": False,
                "received_at": T0 + timedelta(minutes=minute),
            }
            for at, entity, signal, value, n, minute in given
        ],
        schema=ARCHIVED,
    )


def test_a_bin_without_a_row_is_nan_and_not_zero() -> None:
    block = to_block(
        rows((0, "country/IQ", "edge.requests", 5, 5, 5), (2, "country/IQ", "edge.requests", 7, 7, 15)), GROUPS["edge"]
    )
    assert block is not None
    assert block.bins == 3
    np.testing.assert_array_equal(block.value[0, :, 0], [5, np.nan, 7])


def test_of_two_rows_with_one_key_the_one_received_later_counts_whatever_their_order() -> None:
    early = (0, "country/IQ", "edge.requests", 5.0, 5, 5)
    late = (0, "country/IQ", "edge.requests", 9.0, 9, 6)
    for given in ([early, late], [late, early]):
        block = to_block(rows(*given), GROUPS["edge"])
        assert block is not None
        assert block.value[0, 0, 0] == 9
        assert block.n[0, 0, 0] == 9


def test_a_null_never_replaces_a_value() -> None:
    block = to_block(
        rows((0, "country/IQ", "edge.requests", 5, 5, 5), (0, "country/IQ", "edge.requests", None, None, 6)),
        GROUPS["edge"],
    )
    assert block is not None
    assert block.value[0, 0, 0] == 5


def test_unknown_n_is_nan() -> None:
    block = to_block(rows((0, "country/IQ", "edge.requests", 5, None, 5)), GROUPS["edge"])
    assert block is not None
    assert np.isnan(block.n[0, 0, 0])


def test_rows_of_another_group_are_passed_over() -> None:
    assert to_block(rows((0, "country/IQ", "edge.requests", 5, 5, 5)), GROUPS["ioda5"]) is None
    assert to_block(rows(), GROUPS["edge"]) is None


def test_a_known_entity_that_the_log_does_not_mention_had_no_request() -> None:
    block = to_block(rows((0, "country/IQ", "edge.requests", 5, 5, 5)), GROUPS["edge"])
    assert block is not None
    filled = fill_absent(block, ["country/IQ", "country/TO"], [0])
    assert filled.value[filled.entities.index("country/TO"), 0, 0] == 0
    assert np.isnan(filled.value[filled.entities.index("country/TO"), 0, 1]), "a share of nothing is not 0"


def test_a_bin_in_which_the_source_was_silent_stays_empty_for_everyone() -> None:
    block = to_block(
        rows((0, "country/IQ", "edge.requests", 5, 5, 5), (2, "country/IQ", "edge.requests", 5, 5, 15)), GROUPS["edge"]
    )
    assert block is not None
    filled = fill_absent(block, ["country/TO"], [0])
    assert np.isnan(filled.value[:, 1, 0]).all()


def test_where_not_all_networks_are_listed_an_absent_one_is_unknown_and_an_absent_country_is_zero() -> None:
    block = to_block(
        rows(
            (0, "country/IQ", "edge.requests", 5, 5, 5), (0, "asn/64496", "edge.requests", None, None, 5),
            (1, "country/IQ", "edge.requests", 5, 5, 10),
        ),
        GROUPS["edge"],
    )  # fmt: skip
    assert block is not None
    filled = fill_absent(block.part(0, None).copy(), ["country/TO", "asn/64500", "geoasn/IQ-64500"], [0])
    first, second = (dict(zip(filled.entities, filled.value[:, at, 0].tolist(), strict=True)) for at in (0, 1))
    assert first["country/TO"] == 0
    assert np.isnan(first["asn/64500"])
    assert np.isnan(first["geoasn/IQ-64500"]), "nor are networks in a country"
    assert second == {"country/IQ": 5, "country/TO": 0, "asn/64500": 0, "geoasn/IQ-64500": 0}, "the next bin lists all"
    assert "asn/64496" not in filled.entities


def test_nothing_is_filled_for_a_source_that_lists_everything() -> None:
    block = to_block(rows((0, "country/IQ", "edge.requests", 5, 5, 5)), GROUPS["edge"])
    assert isinstance(block, Block)
    assert fill_absent(block, ["country/TO"], []).entities == ["country/IQ"]


def test_blocks_of_different_entities_are_joined_and_others_are_refused() -> None:
    one = to_block(rows((0, "country/IQ", "edge.requests", 5, 5, 5)), GROUPS["edge"])
    two = to_block(rows((0, "country/TO", "edge.requests", 7, 7, 5)), GROUPS["edge"])
    later = to_block(rows((1, "country/IR", "edge.requests", 9, 9, 5)), GROUPS["edge"])
    assert one is not None
    assert two is not None
    assert later is not None
    both = joined([one, two])
    assert both.entities == ["country/IQ", "country/TO"]
    assert both.value[:, 0, 0].tolist() == [5, 7]
    for wrong in ([one, later], [one, one]):
        with pytest.raises(ValueError, match="different entities"):
            joined(wrong)


def test_a_copied_part_does_not_keep_the_whole_in_memory() -> None:
    block = to_block(
        rows((0, "country/IQ", "edge.requests", 5, 5, 5), (1, "country/IQ", "edge.requests", 6, 6, 10)), GROUPS["edge"]
    )
    assert block is not None
    part = block.part(-1, None).copy()
    assert part.value.base is None
    assert part.value[0, 0, 0] == 6
    assert part.start == T0 + FIVE


@pytest.mark.parametrize("grain", [300, 600, 1800, 3600, 7200, 86400, MONTH_S])
def test_a_bin_starts_where_the_one_before_ended(grain: int) -> None:
    t = bin_start(grain, bin_index(grain, datetime(2024, 2, 29, 23, 59, tzinfo=UTC)))
    assert bin_start(grain, bin_index(grain, t)) == t
    assert bin_index(grain, bin_end(grain, t)) == bin_index(grain, t) + 1
    assert bin_end(grain, t) == bin_start(grain, bin_index(grain, t) + 1)


def test_a_month_is_a_calendar_month() -> None:
    assert bin_end(MONTH_S, datetime(2024, 2, 1, tzinfo=UTC)) == datetime(2024, 3, 1, tzinfo=UTC)
