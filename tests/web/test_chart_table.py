"""The table under a chart: exactly what is drawn, in the words, numbers and times of the reader."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from radar import languages
from radar.components import charts
from radar.components.ssr import to_html
from tests.figures.test_timeseries import CHART
from tests.web.conftest import Site
from tests.web.test_pages import Reader


def test_a_chart_its_csv_and_its_table_are_the_same_numbers(site: Site) -> None:
    text = site.page("/country/IQ?range=7d&table=edge-requests-edge-logs")
    link = next(x for x in Reader(text).links if "edge.requests" in x and "format=csv" in x)
    answer = site.get(link)
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    table = re.search(r'data-slot="edge-requests-edge-logs-table">(.*?)</table>', text, re.S)
    assert table is not None
    head = re.findall(r'<th [^>]*scope="col"[^>]*>([^<]*)</th>', table[1])
    assert head == ["Start", "Observed", "Expected", "Usual from", "Usual to", "Threshold"]
    assert "<caption>Requests at our edge. Unit: requests per 5 min.</caption>" in table[1]
    moments = re.findall(r'<th scope="row"><time datetime="([^"]*)" data-form="full">([^<]*)</time></th>', table[1])
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", table[1])
    drawn = [cells[i : i + 5] for i in range(0, len(cells), 5)]
    assert len(drawn) == len(rows) == len(moments) == 336
    assert moments[-1] == ("2026-03-02T11:30:00Z", "2 March 2026, 11:30 UTC")
    for row, (moment, _words), line in zip(rows, moments, drawn, strict=True):
        assert row["time"] == moment
        for name, cell in zip(("value", "baseline", "lo", "hi", "threshold"), line, strict=True):
            assert (row[name] == "") == (cell == "")
            if cell:
                assert float(cell.replace(",", "")) == pytest.approx(float(row[name]), rel=1e-3, abs=0.5)


def test_the_table_of_a_chart_speaks_the_language_of_the_reader() -> None:
    chart = replace(CHART, title="Verlust", unit="share", value=[0.01234, None, 0.5, 1.0] * 2,
                    baseline=[], threshold=[], lo=[], hi=[None] * 8)  # fmt: skip
    text = to_html(charts.rows(chart))
    assert "Unit: %.</caption>" in text
    assert re.findall(r"<td[^>]*>([^<]*)</td>", text)[0] == "1.2"
    assert "Usual" not in text, "no column without a number"
    with languages.speaking("es"):
        assert ">1,2</td>" in to_html(charts.rows(chart))
    whole = to_html(charts.rows(replace(CHART, value=[12_345.0] * 8, baseline=[], lo=[], hi=[], threshold=[])))
    assert ">12,345</td>" in whole


def test_a_gap_stays_a_gap(site: Site) -> None:
    text = site.page("/country/IQ?range=7d&table=edge-requests-edge-logs")
    gap = re.search(r'<time datetime="2026-03-01T07:00:00Z"[^>]*>[^<]*</time></th><td[^>]*>([^<]*)</td>', text)
    assert gap is not None
    assert gap[1] == "", "two hours without data are empty, not zero"
