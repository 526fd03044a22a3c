"""One cold visit of a page by a headless Chromium: bytes, requests, and when a reader sees what.

Visible means: the element is laid out with a size, and the frame that shows it has been handed over (the next
``requestAnimationFrame`` has begun). Dash runs on demand, so the visitor gives a sign as soon as the headline is there:
moves the pointer, and scrolls to the first chart of a page that has some. Interactive means: Dash has taken the page
over, and the time machine has its day or the chart that is looked at is live. Times count from the start of the
navigation, in ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import find_chromium

#: Nothing of its own on the network: only what the page asks for is counted.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

#: Seconds for which layout shifts and late requests are still counted after the page is interactive.
AFTER_S = 1.5

#: 1.6 Mbit/s and 150 ms, as the browser's protocol wants it: bytes a second, ms.
PHONE = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 93_750}

LIVE = "() => !!document.querySelector('html.taken :is(#moment:not([disabled]), .drawing[data-live])')"

WATCH = """
window.seen = {shift: 0, shifts: 0};
const seen = window.seen;
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
  seen.shifts += 1;
  if (!e.hadRecentInput) seen.shift += e.value;
})).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((e) => { seen.lcp = e.startTime; }))
  .observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
  if (e.name === 'first-contentful-paint') seen.fcp = e.startTime;
})).observe({type: 'paint', buffered: true});
new PerformanceObserver((list) => list.getEntries().forEach((e) => {
  seen.blocked = (seen.blocked || 0) + Math.max(0, e.duration - 50);
})).observe({type: 'longtask', buffered: true});
const sized = (node) => { const b = node && node.getBoundingClientRect(); return !!b && b.width > 0 && b.height > 0; };
const ready = {
  headline: () => sized(document.querySelector('main h1')),
  map: () => sized(document.querySelector('main svg.map, main .still > svg')),
  taken: () => !!document.querySelector('html.taken'),
  live: LIVE,
};
const due = new Set();
(function look() {
  const now = performance.now();
  due.forEach((name) => { seen[name] = now; });
  due.clear();
  for (const name of Object.keys(ready)) if (!(name in seen) && ready[name]()) due.add(name);
  requestAnimationFrame(look);
})();
""".replace("LIVE", LIVE)


@dataclass(slots=True)
class Visit:
    """What one visit saw. Bytes are those on the wire, headers and encoded body."""

    times: dict[str, float]
    cls: float
    requests: int
    bytes: int
    document_bytes: int
    hosts: set[str]
    parts: list[tuple[str, int]] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser. Raises RuntimeError where none is installed."""
    program = find_chromium()
    if program is None:
        raise RuntimeError("no Chromium on this machine (Debian package `chromium`)")
    with sync_playwright() as tool:
        opened = tool.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


def visit(browser: Browser, url: str, *, phone: bool = False, timeout_s: float = 60.0) -> Visit:
    """Visit with an empty cache at 1280 x 844, or as a ``phone``: 412 x 823, 1.6 Mbit/s, 150 ms for each request, a
    processor of a quarter; all of it really slowed, not computed. Raises playwright's TimeoutError when the page is
    never interactive."""
    size = (412, 823) if phone else (1280, 844)
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=phone)
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        asked: dict[str, str] = {}
        sizes: dict[str, int] = {}
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.requestWillBeSent", lambda e: asked.__setitem__(e["requestId"], e["request"]["url"]))
        session.on("Network.loadingFinished", lambda e: sizes.__setitem__(e["requestId"], int(e["encodedDataLength"])))
        if phone:
            session.send("Network.emulateNetworkConditions", PHONE)
            session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.goto(url, wait_until="commit")
        page.wait_for_selector("main h1", timeout=timeout_s * 1000)
        page.mouse.move(5, 5)
        page.wait_for_selector("footer", state="attached", timeout=timeout_s * 1000)
        page.evaluate("(document.querySelector('.drawing') || document.body).scrollIntoView({ block: 'nearest' })")
        page.wait_for_function(f"() => ({LIVE})()", timeout=timeout_s * 1000)
        page.wait_for_timeout(AFTER_S * 1000)
        seen: dict[str, Any] = page.evaluate("window.seen")
    finally:
        context.close()
    wire = {key: address for key, address in asked.items() if address.startswith("http")}
    parts = [(address, sizes.get(key, 0)) for key, address in wire.items()]
    return Visit(
        times={name: float(seen[name]) for name in ("headline", "map", "fcp", "lcp", "taken", "live", "blocked")
               if name in seen},
        cls=float(seen["shift"]),
        requests=len(parts),
        bytes=sum(size for _, size in parts),
        document_bytes=parts[0][1],
        hosts={address.split("/")[2] for address in wire.values()},
        parts=parts,
    )  # fmt: skip
