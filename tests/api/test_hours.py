"""Series of minutes, of which only hours are left after some days: drawn on, at the same address."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from radar.api import points
from radar.signals import HOURLY, SIGNALS, SLOTS
from radar.store import Store, blocks, connect, embedded
from radar.times import rfc3339
from tests.api.conftest import application
from tests.samples import NOW, seed

MINUTE = "bgp.visible_24s@ris_live"
ADDRESS = f"/api/v1/signals?entity=country/IQ&signal={MINUTE}"
#: What minutes say, of which a day is kept, and what hours say.
FINE, COARSE = 1000.0, 900.0


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A day of minutes, and three weeks of hours with a hole of a day in them."""
    with embedded.start(tmp_path_factory.mktemp("hours")) as server, connect(server.url) as client:
        seed(client)
        write(client, MINUTE, 1, FINE)
        write(client, HOURLY[MINUTE], 14, COARSE)
        write(client, HOURLY[MINUTE], 21, COARSE, days=6)
        yield application(client).test_client()


def write(client: Store, series: str, ago: int, value: float, days: int | None = None) -> None:
    """Bins of one value that begin so many days ago and last until now, or for some days."""
    group, slot = SLOTS[series]
    bins = timedelta(days=days or ago) // timedelta(seconds=group.grain_s)
    rows = np.full((1, bins, group.width), np.nan, np.float32)
    rows[:, :, slot] = value
    blocks.write_bins(client, group, "value", ["country/IQ"], NOW - timedelta(days=ago), rows)


def one(api: FlaskClient, query: str) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(api.get(f"{ADDRESS}&{query}").data)["data"][0]
    return item


def test_each_series_of_minutes_that_is_a_level_has_its_hours_in_the_same_unit() -> None:
    for minute, hourly in HOURLY.items():
        fine, coarse = (SIGNALS[series.partition("@")[0]] for series in (minute, hourly))
        assert (fine.unit, fine.scale, fine.bad, fine.plane) == (coarse.unit, coarse.scale, coarse.bad, coarse.plane)
        assert coarse.profile == "none", "judged once, by the minute"
    levels = {series for series, (group, _) in SLOTS.items() if group.grain_s < 300
              and (SIGNALS[series.partition("@")[0]].profile == "flat" or "share" in series)}  # fmt: skip
    assert levels == set(HOURLY)


def test_a_week_is_drawn_by_the_hour_and_minutes_stand_where_they_are_kept(api: FlaskClient) -> None:
    item = one(api, "range=7d")
    assert item["meta"]["interval"] == "1h"
    assert item["meta"]["coverage"] == 1.0
    assert "how the hours ended" in item["meta"]["aggregation"]
    days = [set(item["values"][at : at + 24]) for at in range(0, 7 * 24, 24)]
    assert days == [{COARSE}] * 6 + [{FINE}]


def test_what_neither_tells_is_no_data(api: FlaskClient) -> None:
    item = one(api, "range=28d")
    assert item["meta"]["interval"] == "1h"
    assert [item["values"].count(value) for value in (None, COARSE, FINE)] == [8 * 24, 19 * 24, 24]
    assert item["meta"]["coverage"] == pytest.approx(20 / 28, abs=1e-3)


def test_days_are_whole_days_of_hours(api: FlaskClient) -> None:
    item = one(api, "range=28d&interval=1d")
    assert item["values"][-10] == COARSE
    assert NOW.hour or item["values"][-1] == FINE


def test_a_day_stays_by_the_minute_and_asks_for_no_hours(api: FlaskClient) -> None:
    item = one(api, "range=24h&max_points=10000")
    assert item["meta"]["interval"] == "1m"
    assert set(item["values"]) == {FINE}
    wanted = points.align("country/IQ", MINUTE, NOW - timedelta(days=1), NOW, 60)
    assert wanted.hourly == ""


def test_an_old_stretch_however_short_is_drawn_by_the_hour(api: FlaskClient) -> None:
    since, until = NOW - timedelta(days=10), NOW - timedelta(days=9, hours=12)
    item = one(api, f"from={rfc3339(since)}&until={rfc3339(until)}")
    assert item["meta"]["interval"] == "1h"
    assert item["values"] == [COARSE] * 12


def test_a_week_before_is_told_by_its_hours(api: FlaskClient) -> None:
    item = one(api, "range=7d&baseline=week")
    assert item["baseline"] == [COARSE] * 7 * 24
    item = one(api, "range=24h&interval=1h&baseline=week&scale=normalised")
    assert {round(value, 3) for value in item["values"]} == {round(FINE / COARSE * 100, 3)}


def test_the_csv_holds_the_same(api: FlaskClient) -> None:
    item = one(api, "range=7d")
    rows = list(csv.DictReader(io.StringIO(api.get(f"{ADDRESS}&range=7d&format=csv").text, newline="")))
    assert [float(row["value"]) for row in rows] == item["values"]
