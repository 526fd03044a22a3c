"""What open pages cost: a thousand tabs ask for the version of the newest publication, each once a minute.

The site runs as ``radar web`` runs it, over the samples as a live radar publishes them. Polls come evenly through one
minute, each on a connection of its own with the tag of its tab's last answer; before that, half a minute in which
nobody asks says what site and store do by themselves. The value is the processor time of all processes of the site
that the polls take, as a share of one core. Then something new is published, and each tab does what an open page does:
it asks for its page, and once more for what Dash draws of it; every second one is a country's, the others are the home
page's.
"""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from jobs import web
from radar import store
from radar.settings import load
from radar.store import documents, embedded
from tests import samples
from tests.benchmarks._processes import family, free_port, get, watch

TABS, EVERY_S, IDLE_S = 1000, 60.0, 30.0


class _Spent(NamedTuple):
    """In how many seconds: processor seconds of the site, and commands that the store was sent."""

    seconds: float
    cpu_s: float
    commands: int


class _Poll(NamedTuple):
    """One answer: ``ms``, bytes on the wire with its head, status and tag."""

    ms: float
    size: int
    status: int
    tag: str


def run(rows: int | None) -> dict[str, Any]:
    """Measure; ``rows``: how many tabs (default 1,000)."""
    tabs = rows or TABS
    with tempfile.TemporaryDirectory(prefix="radar-bench-") as name:
        folder, port = Path(name), free_port()
        with embedded.start(folder) as server, store.connect(server.url, timeout_s=10) as client:
            samples.seed(client, live=True)
            settings = replace(load({}), data_dir=folder, redis_url=server.url, port=port)
            with watch(web.command(settings), env=web.environment(settings), log=folder / "log") as site:
                while get(port, "/ready")[0] != 200:
                    site.rest(site.seconds + 0.1)
                for _ in range(4):  # both workers
                    first = _poll(port, "")
                site.rest(site.seconds + 5.0)
                idle = _spent(site.process.pid, client, lambda: time.sleep(IDLE_S))
                polls: list[_Poll] = []
                busy = _spent(site.process.pid, client, lambda: _tabs(port, tabs, first.tag, polls))
                documents.publish(client, *samples.sample_documents(live=True), {})
                site.rest(site.seconds + 5.0)
                pages = _spent(site.process.pid, client, lambda: _follow(port, tabs))
                site.interrupt()
    if {poll.status for poll in polls} != {304}:
        raise AssertionError(f"statuses {sorted({poll.status for poll in polls})}; expected 304 alone")
    taken = busy.cpu_s - idle.cpu_s * busy.seconds / idle.seconds
    asked = busy.commands - idle.commands * busy.seconds / idle.seconds
    times = sorted(poll.ms for poll in polls)
    return {
        "name": "open_tabs",
        "value": round(100 * taken / busy.seconds, 2),
        "unit": f"% of one core for {tabs:,} open tabs, each of which asks once a minute",
        "peers": {},
        "ratios": {},
        "details": {
            "cpu_ms_of_a_poll": round(1000 * taken / tabs, 2),
            "commands_to_the_store_by_a_poll": round(asked / tabs, 2),
            "bytes_of_an_answer": round(median(poll.size for poll in polls)),
            "answer_ms": {"median": round(median(times), 1), "p95": round(times[int(0.95 * tabs)], 1),
                          "worst": round(times[-1], 1)},
            "cpu_ms_of_a_tab_after_a_publication": round(1000 * pages.cpu_s / tabs, 2),
            "idle": {"cpu_percent": round(100 * idle.cpu_s / idle.seconds, 2), "commands": idle.commands},
        },
    }  # fmt: skip


def _tabs(port: int, tabs: int, tag: str, polls: list[_Poll]) -> None:
    began = time.monotonic()
    for number in range(tabs):
        time.sleep(max(0.0, began + number * EVERY_S / tabs - time.monotonic()))
        polls.append(_poll(port, tag))
    time.sleep(max(0.0, began + EVERY_S - time.monotonic()))


def _follow(port: int, tabs: int) -> None:
    """What tabs do after a publication (``assets/site/fresh.js``), one after the other."""
    packed = {"Accept-Encoding": "br"}
    rows = json.loads(_ask(port, "GET", "/_dash-dependencies", {}))
    page = next(row["output"] for row in rows if "_pages_content.children" in row["output"])
    for number in range(tabs):
        path = "/country/IQ" if number % 2 else "/"
        _ask(port, "GET", path, packed)
        body = {
            "output": page,
            "outputs": [{"id": "_pages_content", "property": "children"}, {"id": "_pages_store", "property": "data"}],
            "inputs": [{"id": "_pages_location", "property": "pathname", "value": path},
                       {"id": "_pages_location", "property": "search", "value": ""},
                       {"id": "refresh", "property": "data", "value": f"{number}"}],
            "changedPropIds": ["refresh.data"],
        }  # fmt: skip
        _ask(port, "POST", "/_dash-update-component", packed, body)


def _ask(port: int, method: str, path: str, headers: dict[str, str], body: Any = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, headers | ({"Content-Type": "application/json"} if sent else {}))
        answer = connection.getresponse()
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status}; expected 200")
        return answer.read()
    finally:
        connection.close()


def _poll(port: int, tag: str) -> _Poll:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/version", headers={"If-None-Match": tag} if tag else {})
        answer = connection.getresponse()
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + len("HTTP/1.1 304 NOT MODIFIED")
        size = head + 4 + len(answer.read())
        return _Poll(1000 * (time.perf_counter() - began), size, answer.status, answer.headers.get("ETag", ""))
    finally:
        connection.close()


def _spent(root: int, client: store.Store, work: Callable[[], None]) -> _Spent:
    began, cpu, commands = time.monotonic(), _cpu_s(root), _commands(client)
    work()
    return _Spent(time.monotonic() - began, _cpu_s(root) - cpu, _commands(client) - commands - 1)


def _commands(client: store.Store) -> int:
    info: Any = client.info("stats")
    return int(info["total_commands_processed"])


def _cpu_s(root: int) -> float:
    ticks = 0
    for pid in family(root):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / float(os.sysconf("SC_CLK_TCK"))
