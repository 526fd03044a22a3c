"""OONI: what share of the tests that volunteers run meets signs of blocking, per country and day.

Upstream: https://api.ooni.io/api/v1/aggregation, no key. One request for each test, a row for each day and country::

    {"v": 0, "dimension_count": 2, "db_stats": {...}, "result": [{"measurement_start_day": "2026-03-01",
     "probe_cc": "IT", "ok_count": 90, "anomaly_count": 8, "confirmed_count": 2, "failure_count": 5,
     "measurement_count": 105}, ...]}

The test is only in the address (``test_name=tor``). The four counts exclude each other, and add up to the fifth. The
form was taken from upstream's published code and its tests, not from a recorded answer.

An anomaly is a sign of interference, and often none: a slow line or a site that is down looks alike. "Confirmed" is
what upstream knows as a block page. Tests that failed say nothing of the network and are left out: ``n`` is the others.
Which sites are tested changes from day to day and volunteer to volunteer, so these shares are shown and never judged:
what is blocked is no loss of connectivity. A country and day with fewer than ``FEWEST`` usable tests has a null and
its ``n``. Volunteers send results late; each collection asks for the last days again.

Licence: CC BY-NC-SA 4.0 (OONI's data licence).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from radar import bands
from radar.entities import countries
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS, Parsed
from radar.sources import Answer, Source
from radar.sources._bytes import begins, json_value, unpack
from radar.sources._rejections import Rejections, once, without_addresses
from radar.sources._ripestat import DAY_S, count

if TYPE_CHECKING:
    from radar.http import Http

NAME = "ooni_aggregation"
API = "https://api.ooni.io/api/v1/aggregation"

#: Upstream's test -> the signal of its anomalies.
TESTS = {
    "web_connectivity": "ooni.web_anomaly_share",
    "tor": "ooni.tor_anomaly_share",
    "whatsapp": "ooni.whatsapp_anomaly_share",
    "telegram": "ooni.telegram_anomaly_share",
    "signal": "ooni.signal_anomaly_share",
}
#: Only websites have block pages that upstream knows.
CONFIRMED = {"web_connectivity": "ooni.web_blocked_share"}

#: Usable tests below which a share is not told.
FEWEST = int(bands.MIN_N)

#: The counts of a row that exclude each other; failed tests last.
COUNTS = ("ok_count", "anomaly_count", "confirmed_count", "failure_count")

#: Upstream gives days for at most a year.
REACH = timedelta(days=365)

_TEST = re.compile(r"test_name=([a-z_]+?)(?=[&#.-]|$)")
_RANGE = re.compile(r"since=(\d{4}-\d\d-\d\d)[&-]until=(\d{4}-\d\d-\d\d)(?!\d)")
_ROWS = {"t": pl.Int64, "entity": pl.String, "signal": pl.String, "value": pl.Float64, "n": pl.UInt32}


def fetch(http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
    """Ask for the whole days of ``[since, until)`` that are over, and the day that ``since`` is in; a request per test.

    Raises what :meth:`radar.http.Http.get` raises.
    """
    last = until.astimezone(UTC).date()
    first = max(since.astimezone(UTC).date(), last - REACH)
    if first >= last:
        return
    for test in TESTS:
        url = (f"{API}?test_name={test}&since={first}&until={last}&time_grain=day&axis_x=measurement_start_day"
               "&axis_y=probe_cc")  # fmt: skip
        yield Answer(url, http.get(url, source=NAME).body)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one answer, packed or not; the test, and the days that were asked for, are in ``name``.

    Raises UpstreamChanged for other bytes, for an error that upstream tells, and for a name without a test that is
    known.
    """
    named = _TEST.search(name)
    test = named[1] if named else ""
    if test not in TESTS:
        raise UpstreamChanged(NAME, f"the name {name[-80:]!r} names no test; expected test_name= and one of "
                              f"{', '.join(TESTS)}")  # fmt: skip
    data, cut = unpack(body, source=NAME)
    if cut:
        raise UpstreamChanged(NAME, f"the compressed answer ends early, after {len(data)} unpacked bytes")
    result = _result(data)
    asked, rejected = _asked(name), Rejections()
    rows: list[tuple[int, str, str, float | None, int]] = []
    tests = few = 0
    for number, row in enumerate(result):
        place = f"result {number}: {str(row)[:100]}"
        t = _day(row.get("measurement_start_day")) if isinstance(row, dict) else None
        if t is None:
            rejected.add("no row of counts with a day", place)
            continue
        country, counts = row.get("probe_cc"), _counts(row)
        if not isinstance(country, str) or country not in countries():
            rejected.add("unknown country", place)
        elif asked is not None and not asked[0] <= t < asked[1]:
            rejected.add("a day that was not asked for", place)
        elif counts is None:
            rejected.add("counts do not add up", place)
        else:
            ok, anomalies, confirmed, _failed = counts
            n = int(ok + anomalies + confirmed)
            tests, few = tests + n, few + (n < FEWEST)
            shares = {TESTS[test]: anomalies + confirmed, CONFIRMED.get(test, ""): confirmed}
            rows += [(t, f"country/{country}", signal, amount / n if n >= FEWEST else None, n)
                     for signal, amount in shares.items() if signal]  # fmt: skip
    frame = pl.DataFrame(rows, schema=_ROWS, orient="row").with_columns(
        timebin=pl.from_epoch("t").cast(pl.Datetime("us", "UTC"))
    )
    return Parsed(once(frame.select(list(SIGNALS)), rejected), rejected.done(), {"tests": tests, "too_few": few})


def _result(data: bytes) -> list[Any]:
    answer = json_value(data, source=NAME)
    if not isinstance(answer, dict):
        raise UpstreamChanged(NAME, f"begins with {begins(data)}; expected an object with a list 'result'")
    result = answer.get("result")
    if not isinstance(result, list):
        told = answer.get("error") or answer.get("msg") or answer.get("detail")
        said = f"upstream says {without_addresses(str(told))[:160]!r}" if told else "no list 'result'"
        raise UpstreamChanged(NAME, f"{said}; expected a list 'result' of counts by day and country")
    return result


def _counts(row: dict[str, Any]) -> list[float] | None:
    """The counts of a row; None where one is none, or they are not what upstream adds them up to."""
    found = [value for field in COUNTS if (value := count(row.get(field))) is not None]
    total = sum(found)
    return found if len(found) == len(COUNTS) and total == row.get("measurement_count") and total < 2**32 else None


def _asked(name: str) -> tuple[int, int] | None:
    """First second of the days asked for, and the end of the last; None where the name does not say."""
    found = _RANGE.search(name)
    first, last = (_day(found[1]), _day(found[2])) if found else (None, None)
    return None if first is None or last is None else (first, last)


def _day(value: Any) -> int | None:
    """First second of a day that is written as 2026-03-01; None for anything else."""
    if not isinstance(value, str) or len(value) != 10:
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return (day - date(1970, 1, 1)).days * DAY_S if 2012 <= day.year < 2100 else None


SOURCE = Source(
    name=NAME,
    title="OONI: signs of blocking",
    org="Open Observatory of Network Interference",
    url=API,
    info_url="https://ooni.org/data/",
    licence="CC BY-NC-SA 4.0",
    licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
    attribution="Open Observatory of Network Interference (OONI)",
    cadence_s=6 * 3600,
    lag_s=8 * 3600,
    signals={**dict.fromkeys(TESTS.values(), DAY_S), **dict.fromkeys(CONFIRMED.values(), DAY_S)},
    summary="Share of volunteers' tests of websites, Tor and messengers that meet signs of blocking.",
    proof="documented",
    terms=(
        "CC BY-NC-SA 4.0: the data may not be used commercially, and what is made of them is shared under the same "
        "licence."
    ),
    past_hours=744,
)
