"""Cloudflare Radar: web traffic of countries as Cloudflare sees it, and the outages that Cloudflare tells of.

Upstream: https://api.cloudflare.com/client/v4/radar, with an API token (setting ``cloudflare_token``). Two calls are
read, both as ``{"success": true, "result": {...}}``:

- ``netflows/timeseries``, a request per country: ``{"IQ": {"timestamps": [...], "values": ["0.535174", ...]}, "meta":
  {"aggInterval": "ONE_HOUR", "normalization": "MIN0_MAX", "dateRange": [...], "lastUpdated": ...}}``. The values are
  scaled by the largest one of the answer, so those of two answers do not compare. Here an hour is told as % of the mean
  of the 14 days before its day, which comes out the same whatever was asked for: each request reaches 14 days further
  back. After an outage of a day the hours of the next two weeks are told up to a fourteenth too high.
- ``annotations/outages``: entries with ``startDate``, ``endDate``, ``locations``, ``asns``; people at Cloudflare write
  them, hours or days later. They are told as theirs and never counted as a measurement. Those of the last seven days
  are asked for again each time, so that an end that is told later is taken in.

Where upstream has too little data, or says that its own systems failed, there are no rows. The forms were taken from
upstream's documentation and its published client, not from recorded answers.

Licence: CC BY-NC 4.0 (Cloudflare Radar data).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from radar import settings
from radar.entities import countries
from radar.errors import ConfigError, UpstreamChanged
from radar.schema import SIGNALS, Parsed
from radar.sources import WHOLE, Answer, Shard, Source
from radar.sources import _cloudflare as form
from radar.sources._ask import ask_each
from radar.sources._rejections import Rejections, once
from radar.sources._ripestat import DAY_S, HOUR_S

if TYPE_CHECKING:
    from radar.http import Http

NAME = "cloudflare_radar"
API = "https://api.cloudflare.com/client/v4/radar"

#: One request for traffic gives so many days, and reaches as far again back for what they are held against.
GIVEN_S = 14 * DAY_S
#: How long the end of an outage is looked for.
LOOK_BACK = timedelta(days=7)

_TOKEN = re.compile(r"[\x21-\x7e]+")
_OUTAGES = "outages"


def fetch(http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
    """The outages, then the traffic of each country in whole hours of ``[since, until)``.

    Raises ConfigError without a token that can be sent, and what :func:`radar.sources._ask.ask_each` raises.
    """
    token = settings.load().cloudflare_token
    if not _TOKEN.fullmatch(token):
        raise ConfigError("RADAR_CLOUDFLARE_TOKEN holds no token; expected printable characters without spaces")
    key = {"Authorization": f"Bearer {token}"}
    last = int(until.timestamp()) // HOUR_S * HOUR_S
    first = int(since.timestamp()) // DAY_S * DAY_S

    def one(item: str) -> Iterator[Answer]:
        if item == _OUTAGES:
            begin = int(min(since, until - LOOK_BACK).timestamp()) // HOUR_S * HOUR_S
            urls = [f"{API}/annotations/outages?{_range(begin, last)}&limit={form.MOST}&format=json"]
        else:
            urls = [
                f"{API}/netflows/timeseries?name={item}&location={item}&product=HTTP&aggInterval=1h&"
                f"{_range(start - form.REFERENCE_S, min(start + GIVEN_S, last))}&format=json"
                for start in range(first, last, GIVEN_S)
            ]
        for url in urls:
            yield Answer(url, http.get(url, source=NAME, headers=key).body)

    yield from ask_each(NAME, shard.take((_OUTAGES, *countries())), one)


def parse(body: bytes, *, name: str = "") -> Parsed:
    """Read one answer, packed or not; what outages were asked for is in ``name``. Raises UpstreamChanged for other
    bytes, and for errors that upstream tells."""
    found, rejected = form.result(body, source=NAME), Rejections()
    listed = found.get("annotations")
    if isinstance(listed, list):
        rows, notes = form.outages(listed, name, rejected, source=NAME), {"outages": len(listed)}
    elif "meta" in found:
        rows = form.traffic(found, rejected, source=NAME)
        notes = {"series": len(found) - 1}
    else:
        raise UpstreamChanged(NAME, f"'result' has {sorted(found)[:5]}; expected 'annotations', or series and 'meta'")
    return Parsed(once(form.table(rows).select(list(SIGNALS)), rejected), rejected.done(), notes)


def _range(first: int, last: int) -> str:
    start, end = (f"{datetime.fromtimestamp(t, UTC):%Y-%m-%dT%H:%M:%SZ}" for t in (first, last))
    return f"dateStart={start}&dateEnd={end}"


SOURCE = Source(
    name=NAME,
    title="Cloudflare Radar",
    org="Cloudflare",
    url=f"{API}/netflows/timeseries",
    info_url="https://developers.cloudflare.com/radar/",
    licence="CC BY-NC 4.0",
    licence_url="https://creativecommons.org/licenses/by-nc/4.0/",
    attribution="Cloudflare Radar",
    cadence_s=2 * HOUR_S,  # 250 countries each time
    shards=4,
    lag_s=2 * HOUR_S,
    signals={form.TRAFFIC: HOUR_S, form.OUTAGES: HOUR_S},
    summary="Web traffic of countries as Cloudflare sees it, and the outages that Cloudflare tells of.",
    setting="cloudflare_token",
    proof="documented",
    terms="CC BY-NC 4.0: the data may not be used commercially; API tokens come with Cloudflare's own terms.",
    past_hours=744,
)
