"""What a browser tells of its measurement, checked: any bytes give a measurement or one ``ApiError`` that says what
was expected."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson

from radar.api.envelope import ApiError
from radar.labels import _

#: Largest body, in bytes.
LARGEST = 2048
#: How many round trips are told, and how long one may take, in ms.
FEWEST, MOST = 3, 20
RTT_MS = (0.01, 60_000.0)
#: Downloads that are offered, in bytes; the small one shows whether the large one would take too long.
SIZES = (262_144, 2_097_152)
DOWNLOAD_MS = 120_000.0
#: Rates beyond this are not told apart by so short a download, in Mbit/s.
FASTEST = 800.0

_FIELDS = ("consent", "rtt_ms", "bytes", "download_ms")


@dataclass(frozen=True, slots=True)
class Told:
    """One measurement: median round-trip time in ms; download rate in Mbit/s, None where nothing was downloaded."""

    rtt_ms: float
    mbps: float | None


def read(body: bytes) -> Told:
    """Read ``{"consent": true, "rtt_ms": [23.1, ...], "bytes": 2097152, "download_ms": 331.5}``; without a download the
    last two are null. Raises ApiError, status 400."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise _wrong(None, _("This is no measurement."), _("a JSON object"))
    for name in (*(n for n in given if n not in _FIELDS), *(n for n in _FIELDS if n not in given)):
        raise _wrong(name[:40], _("A field is unknown, or missing."), ", ".join(_FIELDS))
    if given["consent"] is not True:
        raise _wrong("consent", _("Nothing is kept without consent."), "true")
    trips = given["rtt_ms"]
    if not isinstance(trips, list) or not FEWEST <= len(trips) <= MOST or not all(_is_in(t, *RTT_MS) for t in trips):
        expected = _("{few} to {many} times in milliseconds").format(few=FEWEST, many=MOST)
        raise _wrong("rtt_ms", _("Round-trip times are missing or cannot be."), expected)
    return Told(round(median(trips), 2), _rate(given["bytes"], given["download_ms"]))


def _rate(size: Any, ms: Any) -> float | None:
    if size is None and ms is None:
        return None
    if isinstance(size, bool) or size not in SIZES:
        raise _wrong("bytes", _("Such a download is not offered."), ", ".join(map(str, SIZES)))
    if not _is_in(ms, 0.0, DOWNLOAD_MS):
        raise _wrong("download_ms", _("The download's time is missing or cannot be."), _("milliseconds"))
    return round(min(size * 8 / 1000 / ms, FASTEST), 2) if ms > 0 else FASTEST


def _is_in(value: Any, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) \
        and low <= value <= high  # fmt: skip


def _wrong(field: str | None, message: str, expected: str) -> ApiError:
    return ApiError(400, "bad_measurement", message, parameter=field, expected=expected)
