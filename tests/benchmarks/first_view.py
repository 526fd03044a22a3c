"""The home page's first view: bytes, requests, and the time until headline, map and interaction, on loopback.

The store holds the demo's world five hours into its play, then stands still; the site runs as ``radar web`` runs it.
Five cold visits by a headless Chromium, each with an empty cache; medians. A second series visits the demo while it
plays, on the same cores. Aims: headline and map within 0.5 s, interactive within 2.5 s.
"""

from __future__ import annotations

import gzip
import http.client
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from datetime import timedelta
from io import TextIOWrapper
from os import devnull
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from jobs import web
from jobs.rehearse import Rehearsal
from jobs.simulate import World
from radar.settings import load
from radar.store import embedded
from tests.benchmarks._processes import demo_command, environment, free_port, get, milestones, watch
from tests.benchmarks._visit import Visit, chromium, visit

VISITS = 5
HOURS = 5


def run(rows: int | None) -> dict[str, Any]:
    """Visit ``rows`` times (default 5) the standing site, and as often the playing demo."""
    count = rows or VISITS
    with chromium() as browser:
        with _standing() as port:
            gets = [_timed_get(port) for _ in range(12)]  # by both workers; each renders a publication once
            newcomer = visit(browser, f"http://127.0.0.1:{port}/")
            _settle(port, [address for address, _ in newcomer.parts])
            visits = [visit(browser, f"http://127.0.0.1:{port}/") for _ in range(count)]
            forms = {name: _document(port, name) for name in ("br", "gzip", "identity")}
        playing = _playing(browser, count)
    middle = _medians(visits)
    biggest = sorted(visits[0].parts, key=lambda part: -part[1])[:6]
    return {
        "name": "first_view",
        "value": middle["headline_and_map_ms"],
        "unit": "ms until headline and map are visible, cold visit on loopback",
        "peers": {},
        "ratios": {},
        "details": {
            **middle,
            "document_body_bytes": forms,
            "server_ms": {"rendered": max(gets[:4]), "kept": median(gets[4:])},
            "visits_ms": [[round(v.times["map"]), round(v.times["live"])] for v in visits],
            "first_visit_after_a_start_kb": round(newcomer.bytes / 1e3),
            "while_the_demo_plays": playing,
            "largest_kb": {address.partition("?")[0].rpartition("/")[2] or "/": round(size / 1e3, 1)
                           for address, size in biggest},
            "other_hosts": sorted(set().union(*(v.hosts for v in visits)) - {f"127.0.0.1:{port}"}),
        },
    }  # fmt: skip


def _medians(visits: list[Visit]) -> dict[str, Any]:
    def of(name: str) -> int:
        return round(median(v.times[name] for v in visits))

    return {
        "headline_and_map_ms": round(median(max(v.times["headline"], v.times["map"]) for v in visits)),
        "first_contentful_paint_ms": of("fcp"),
        "largest_contentful_paint_ms": of("lcp"),
        "dash_has_taken_over_ms": of("taken"),
        "interactive_ms": of("live"),
        "cls": round(max(v.cls for v in visits), 4),
        "first_response_kb": round(median(v.document_bytes for v in visits) / 1e3, 1),
        "visit_requests": round(median(v.requests for v in visits)),
        "visit_kb": round(median(v.bytes for v in visits) / 1e3, 1),
    }


@contextmanager
def _standing() -> Iterator[int]:
    """The site over the demo's world, some hours into the play; yields its port."""
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name, open(devnull, "w") as nowhere:
        folder, port = Path(name), free_port()
        with embedded.start(folder) as server:
            _play(folder, server.url, nowhere)
            settings = replace(load({}), data_dir=folder, redis_url=server.url, port=port)
            with watch(web.command(settings), env=web.environment(settings), log=folder / "log") as site:
                while get(port, "/ready")[0] != 200:
                    site.rest(site.seconds + 0.1)
                site.rest(site.seconds + 2.0)  # the second worker, and the index of names
                yield port
                site.interrupt()


def _play(folder: Path, url: str, nowhere: TextIOWrapper) -> None:
    world = World()
    world.ends = world.starts + timedelta(hours=HOURS)
    rehearsal = Rehearsal(folder, url, speed=1e9, world=world)
    with redirect_stdout(nowhere):
        rehearsal.load()
        rehearsal.play(threading.Event())


def _playing(browser: Browser, count: int) -> dict[str, Any]:
    """The same visits to the demo while it plays, one hour of its clock after the first outage."""
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        folder, port = Path(name), free_port()
        env, log = environment(RADAR_DATA_DIR=str(folder / "data"), PORT=str(port)), folder / "log"
        with watch(demo_command(), env=env, log=log) as demo:
            milestones(demo, port, log=log)
            demo.rest(demo.seconds + 30)
            visits = [visit(browser, f"http://127.0.0.1:{port}/") for _ in range(count)]
            demo.interrupt()
    middle = _medians(visits)
    return {name: middle[name] for name in ("headline_and_map_ms", "interactive_ms", "cls", "visit_kb")}


def _timed_get(port: int) -> float:
    began = time.perf_counter()
    status, _body = get(port, "/")
    if status != 200:
        raise AssertionError(f"the home page answers {status}")
    return round((time.perf_counter() - began) * 1000, 1)


def _settle(port: int, addresses: list[str], *, limit_s: float = 90.0) -> None:
    """Wait until static files are as small as they get: the first visitor gets them compressed in a hurry."""
    until, before = time.monotonic() + limit_s, -1
    while time.monotonic() < until:
        paths = ["/" + address.split("/", 3)[3] for address in addresses]
        now = sum(_document(port, "br", path) for path in paths for _ in range(4))  # all workers
        if now == before:
            return
        before = now
        time.sleep(5)


def _document(port: int, encoding: str, path: str = "/") -> int:
    """Bytes of a body in one encoding."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Accept-Encoding": encoding})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if encoding == "gzip" and answer.headers.get("Content-Encoding") == "gzip":
        gzip.decompress(body)
    return len(body)
