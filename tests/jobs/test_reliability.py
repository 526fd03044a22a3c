"""What the pipeline counts about reliability, over a real store: judged hours, outages, and nothing twice."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from jobs.ingest import Pipeline
from jobs.reliability import Reliabilities
from radar.detect.case import plane
from radar.signals import GROUPS
from radar.store import Store, blocks, documents, reliability
from tests.jobs.test_pipeline import NOW, make, play, warm

if TYPE_CHECKING:
    from jobs.grouprun import GroupRun

__all__ = ["warm"]


def test_hours_before_the_clock_began_were_never_judged_and_are_not_known(warm: Pipeline, client: Store) -> None:
    assert reliability.read(client, "country/IQ") is None
    now = play(warm, NOW, 3, IQ=20.0)
    play(warm, now, 6 * 7)
    assert reliability.counted(client) == NOW + timedelta(hours=3)
    for key, outages in (("country/IQ", 1), ("country/PT", 0)):
        row = reliability.read(client, key)
        assert row is not None
        assert row["year"]["watched"] == 3, "three weeks of history were learnt from, and never judged"
        assert row["year"]["outages"] == outages
        assert row["since"] == "2026-02-23T00:00:00Z"
        assert row["simulated"]
    hit = reliability.read(client, "country/IQ")
    (outage,) = documents.get(client, "outages")
    assert hit is not None
    assert hit["year"]["longest"] == outage["id"]
    assert 1700 < hit["year"]["outage_s"] + hit["year"]["degraded_s"] < 3 * 3600
    assert reliability.read(client, "country/FR") is None, "what was never measured has no record"


def test_a_new_process_goes_on_counting(warm: Pipeline, client: Store, tmp_path: Path) -> None:
    now = play(warm, NOW, 6 * 7)
    again = make(client, tmp_path)
    play(again, now, 6 * 3)
    row = reliability.read(client, "country/PT")
    assert row is not None
    assert (row["year"]["watched"], row["until"]) == (6, "2026-02-23T06:00:00Z")


@pytest.mark.parametrize(("measured", "watched"), [(True, 0), (False, 6)])
def test_routes_alone_do_not_tell_of_a_place_whose_traffic_is_measured(
    client: Store, *, measured: bool, watched: int
) -> None:
    group = GROUPS["ioda5"]
    score = np.full((1, 72, group.width), np.nan, dtype=np.float32)
    score[:, :, [plane(name) == "control" for name in group.series]] = 0.0
    blocks.write_bins(client, group, "score", ["country/NR"], NOW, score)
    pings = SimpleNamespace(entity="country/NR", series_id="ping.up_24s@ioda_signals", reason="too_few")
    run = SimpleNamespace(
        group=group, progress=SimpleNamespace(entities=["country/NR"], simulated=True),
        views=lambda names: [pings] if measured else [],
    )  # fmt: skip
    Reliabilities(client).count({"ioda5": cast("GroupRun", run)}, list, NOW + timedelta(hours=9))
    row = reliability.read(client, "country/NR")
    assert row is not None
    assert row["year"]["watched"] == watched
