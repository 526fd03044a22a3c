"""Tapes: partials on disk are merged a few rows at a time, and nothing is lost, doubled or torn apart."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from jobs.engines import tapes
from jobs.engines.tapes import Tape
from radar.aggregate.rollup import partials
from radar.aggregate.rollup.rows import GRAINS, KEYS, Spec
from tests.aggregate import rows_sample as sample

SPECS = st.builds(Spec, st.sampled_from([*KEYS]), st.sampled_from([*GRAINS]))


@pytest.fixture(scope="module", autouse=True)
def _short_tapes() -> object:
    """A sample has a few hundred partials: read so few at once that every tape is read in several steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tapes, "LEAST", 3)
        yield None


@given(sample.rows, SPECS, st.integers(1, 9), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_tapes_of_any_number_and_length_give_the_partials_of_one_pass(
    rows: list[sample.Row], spec: Spec, shards: int, most: int
) -> None:
    whole = partials.counted(sample.frame(rows).lazy(), spec)[0]
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for at in range(shards):
            write = tapes.spool(Path(folder), f"shard-{at}")
            table = partials.counted(sample.frame(rows[at::shards]).lazy(), spec)[0]
            made.append([write(table[:7]), write(table[7:])])
        files = tapes.few(made, spec, most, Path(folder))
        assert len(files) < max(most // 6, 3)
        parts = [partials.merged(part, spec) for part in tapes.rounds([Tape(one, spec) for one in files], most)]
    assert_frame_equal(pl.concat([whole.clear(), *parts]), whole)
    keys = [part.select("bin", *spec.keys).unique() for part in parts]
    assert pl.concat([whole.select("bin", *spec.keys).clear(), *keys]).is_duplicated().sum() == 0


def test_a_tape_without_rows_and_no_tape_at_all_give_nothing(tmp_path: Path) -> None:
    spec = Spec("country", "1h")
    empty = tapes.spool(tmp_path, "empty")(pl.DataFrame(schema=partials.schema(spec)))
    assert list(tapes.rounds([Tape([empty], spec), Tape([], spec)], 10)) == []
    assert list(tapes.rounds([], 10)) == []
