"""Home, a country and an outage as Lighthouse sees them on its phone: a slow network and a processor of a quarter.

The site of ``first_view``, standing still. Lighthouse's own phone: 1.6 Mbit/s, 150 ms, processor / 4, simulated from
what it saw unthrottled. Nobody touches its page, and Dash runs on demand, so Lighthouse sees nothing of Dash;
therefore each page is also visited for real (``touched``: a browser slowed down to that phone, whose reader scrolls to
the first chart as soon as there is a headline). Each page is looked at several times; medians. Aims: scores of 95
(speed: 90), first contentful paint within 1 s, headline and map within 1.2 s, interactive within 5 s.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks._processes import get
from tests.benchmarks._visit import Visit, chromium, visit
from tests.benchmarks.first_view import _standing
from tests.browser.tools.lighthouse import Report, look
from tests.conftest import find_chromium

LOOKS = 3
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TIMES = {
    "first-contentful-paint": "first_contentful_paint_ms",
    "largest-contentful-paint": "largest_contentful_paint_ms",
    "interactive": "interactive_ms",
    "total-blocking-time": "blocked_ms",
}


def run(rows: int | None) -> dict[str, Any]:
    """Look ``rows`` times (default 3) at each page; the value is the lowest score for speed, 0 to 100."""
    program = find_chromium()
    if program is None or shutil.which("npm") is None:
        raise RuntimeError("no Chromium (Debian package `chromium`) or no npm on this machine")
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name, _standing() as port:
        outage = json.loads(get(port, "/api/v1/outages")[1])["data"][0]["id"]
        pages = {"home": "/", "country": "/country/IR", "outage": f"/outage/{outage}"}
        url = f"http://127.0.0.1:{port}"
        seen = {
            page: _told([look(url + path, program, Path(name), *CATEGORIES) for _ in range(rows or LOOKS)])
            for page, path in pages.items()
        }
        with chromium() as browser:
            for page, path in pages.items():
                visits = [visit(browser, url + path, phone=True) for _ in range(rows or LOOKS)]
                seen[page]["touched"] = _visited(visits)
    return {
        "name": "phone_view",
        "value": min(page["performance"] for page in seen.values()),
        "unit": "of 100, Lighthouse's lowest score for speed of home, a country and an outage on a phone",
        "peers": {},
        "ratios": {},
        "details": seen,
    }


def _told(reports: list[Report]) -> dict[str, Any]:
    scores = {name: round(100 * median(report.scores[name] for report in reports)) for name in CATEGORIES}
    times = {
        told: round(median(report.audits[audit]["numericValue"] for report in reports)) for audit, told in TIMES.items()
    }
    shift = max(report.audits["cumulative-layout-shift"]["numericValue"] for report in reports)
    return {**scores, **times, "cls": round(shift, 4), "faults": reports[0].faults}


def _visited(visits: list[Visit]) -> dict[str, Any]:
    def of(name: str) -> int:
        return round(median(v.times[name] for v in visits))

    return {
        "first_contentful_paint_ms": of("fcp"),
        "headline_and_map_or_chart_ms": round(median(max(v.times["headline"], v.times["map"]) for v in visits)),
        "dash_has_taken_over_ms": of("taken"),
        "interactive_ms": of("live"),
        "cls": round(max(v.cls for v in visits), 4),
        "kb": round(median(v.bytes for v in visits) / 1e3, 1),
    }
