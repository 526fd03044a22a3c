"""The agreement matrix of an outage page says what the series say."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from radar.figures import matrix
from radar.pages import _seen
from radar.signals import GROUPS
from radar.store import blocks
from radar.times import parse
from tests import samples
from tests.web.conftest import Site


def test_agreement_is_read_from_the_series_cell_by_cell(site: Site) -> None:
    outage = next(o for o in samples.sample_outages() if o["entity"] == "country/IQ")
    start = parse(outage["start"]) - timedelta(hours=2)
    rows, first, step = matrix.rows_of(outage["signals"], start=start, end=start + timedelta(hours=6))
    with site.server.app_context():
        seen = {row.signal: list(row.cells) for row in _seen.refine(outage, rows, first, step)}
    cells = seen["edge.requests"]
    assert cells[0] == "not_affected", "before the onset"
    assert cells.index("affected") * step >= 2 * 3600 - step


def without_scores(site: Site, entity: str, bins: int) -> None:
    """The newest values of requests stay; the detector could not judge them."""
    group = GROUPS["edge"]
    start = samples.NOW - timedelta(seconds=bins * group.grain_s)
    shape = (1, bins, group.width)
    blocks.write_bins(site.store, group, "score", [entity], start, np.full(shape, np.nan, np.float32))


def test_what_could_not_be_judged_cannot_say_whatever_its_value(site: Site) -> None:
    outage = next(o for o in samples.sample_outages() if o["entity"] == "country/IQ")
    bins = 24
    without_scores(site, "country/IQ", bins)
    start = samples.NOW - timedelta(hours=4)
    rows, first, step = matrix.rows_of(outage["signals"], start=start, end=samples.NOW)
    with site.server.app_context():
        seen = {row.signal: list(row.cells) for row in _seen.refine(outage, rows, first, step)}
    cells = seen["edge.requests"]
    assert cells[0] == "affected"
    assert set(cells[-(bins * 300 // step) :]) == {"insufficient"}


def test_a_bin_beyond_its_threshold_before_the_signal_saw_it_is_small(site: Site) -> None:
    outage: Any = next(o for o in samples.sample_outages() if o["entity"] == "country/IQ")
    start = parse(outage["start"])
    later, last = start + timedelta(hours=2), start + timedelta(hours=4)
    row = {**outage["signals"][0], "first_seen": samples.text(later), "last_seen": samples.text(last)}
    outage = {**outage, "signals": [row]}
    rows, first, step = matrix.rows_of(outage["signals"], start=start, end=samples.NOW)
    assert step < 3600

    def cells(**more: Any) -> dict[datetime, Any]:
        with site.server.app_context():
            (found,) = _seen.refine({**outage, **more}, rows, first, step)
        return {first + timedelta(seconds=step * i): cell for i, cell in enumerate(found.cells)}

    lasting, ended = cells(), cells(status="closed", end=samples.text(last))
    assert {lasting[at] for at in lasting if at + timedelta(seconds=step) <= later} == {"small"}
    assert {lasting[at] for at in lasting if later <= at} == {"affected"}
    assert {ended[at] for at in ended if later <= at < last} == {"affected"}
    assert {ended[at] for at in ended if at > last} == {"small"}


def test_a_country_says_of_what_could_not_be_judged_that_it_cannot(site: Site) -> None:
    without_scores(site, "country/IQ", 24)
    said = planes(site, "country/IQ")
    assert "Requests at our edge cannot be judged just now" in said
    assert "Blocks that answer pings most of it is missing" in said


def test_a_country_says_of_a_series_that_ended_that_it_is_silent(site: Site) -> None:
    group = GROUPS["edge"]
    shape = (1, 24, group.width)
    start = samples.NOW - timedelta(seconds=24 * group.grain_s)
    blocks.write_bins(site.store, group, "value", ["country/IQ"], start, np.full(shape, np.nan, np.float32))
    assert "Requests at our edge no data just now" in planes(site, "country/IQ")


def planes(site: Site, entity: str) -> str:
    part = site.page(f"/{entity}").partition('id="planes"')[2].partition("</section>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))
