"""The agreement matrix of an outage page says what the series say."""

from __future__ import annotations

from datetime import timedelta

from radar.figures import matrix
from radar.pages import _seen
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
