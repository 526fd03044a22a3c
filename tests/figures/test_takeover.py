"""In a real browser: the interactive figures lie over the drawings they replace, and fetch nothing from elsewhere."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from radar.figures import timeseries
from tests.figures.test_timeseries import CHART

pytestmark = pytest.mark.browser
REPO = Path(__file__).resolve().parents[2]


class Quiet(SimpleHTTPRequestHandler):
    """Serves the project's folder, and one page made by the test, without writing a log."""

    page = b""

    def do_GET(self) -> None:
        if self.path == "/page.html":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(self.page)
        elif self.path == "/favicon.ico":
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests print nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(REPO))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


def show(
    browser: Any, address: str, width: int, drawing: str, figure: dict[str, Any], config: Any
) -> tuple[Page, list[str]]:
    """A page with the drawing and, over it, the figure drawn by our own Plotly bundle; all addresses it asked for."""
    call = f"Plotly.newPlot('plot', {json.dumps(figure['data'])}, {json.dumps(figure['layout'])}, {json.dumps(config)})"
    Quiet.page = (
        '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/assets/fonts.css">'
        '<link rel="stylesheet" href="/assets/figures.css">'
        "<style>body{margin:16px} #box{position:relative} #plot{position:absolute;inset:0}</style>"
        f'<div id="box" class="ts-box">{drawing}<div id="plot"></div></div>'
        f'<script src="/assets/vendor/plotly-radar.min.js"></script><script>window.drawn = {call}</script>'
    ).encode()
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/page.html")
    page.evaluate("window.drawn.then(() => true)")
    assert errors == []
    return page, asked


LINES = """() => {
  const box = (node) => { const r = node.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; };
  const drawn = box(document.querySelector('svg.ts path.value'));
  const lines = [...document.querySelectorAll('#plot .scatterlayer .trace')].at(-1).querySelectorAll('path.js-line');
  const boxes = [...lines].map(box); // a path per unbroken stretch
  return [drawn, [0, 1, 2, 3].map((i) => (i < 2 ? Math.min : Math.max)(...boxes.map((b) => b[i])))];
}"""


@pytest.mark.parametrize("width", [932, 390])
def test_interactive_chart_lies_over_the_drawing(browser: Any, address: str, width: int) -> None:
    chart = replace(CHART, value=[10.0, 12.0, None, 8.0, 3.0, None, 4.0, 5.0])
    page, asked = show(
        browser, address, width, timeseries.svg(chart), timeseries.figure(chart, theme="light"), timeseries.CONFIG
    )
    drawn, plotted = page.evaluate(LINES)
    assert max(abs(a - b) for a, b in zip(drawn, plotted, strict=True)) < 1.5
    assert all(url.startswith(address) for url in asked)
    page.close()
