"""How bytes leave: compression, caching, headers, health."""

from __future__ import annotations

import gzip
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import brotli
import pytest
from werkzeug.test import Client

from radar.components.document import FIRST_SCRIPT, first_hash
from radar.pages import _tags
from radar.serve import FOR_A_DAY, FOR_EVER, Static, accepted
from tests.conftest import REPO
from tests.web.conftest import Site


@pytest.mark.parametrize(
    ("header", "encoding"),
    [("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("", ""), ("identity", ""), ("br;q=0, gzip;q=0.5", "gzip"),
     ("BR", "br"), ("gzip;q=0", "")],
)  # fmt: skip
def test_the_best_encoding_that_is_accepted_is_used(header: str, encoding: str) -> None:
    assert accepted(header) == encoding


def test_pages_are_compressed_and_revalidated(site: Site) -> None:
    plain = site.get("/")
    small = site.get("/", headers={"Accept-Encoding": "br"})
    assert brotli.decompress(small.data) == plain.data
    assert small.headers["Vary"] == "Accept-Encoding, Accept-Language"
    assert small.headers["Cache-Control"] == "no-cache"
    assert gzip.decompress(site.get("/", headers={"Accept-Encoding": "gzip"}).data) == plain.data
    again = site.get("/", headers={"If-None-Match": small.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_a_page_that_was_asked_for_under_another_host_is_not_given_to_others(site: Site) -> None:
    elsewhere = site.get("/country/IQ", headers={"Host": "elsewhere.example"}).text
    assert "http://elsewhere.example/card/country/IQ.png" in elsewhere
    assert "elsewhere.example" not in site.get("/country/IQ").text


def test_errors_have_no_tag_that_could_be_kept(site: Site) -> None:
    assert "ETag" not in site.get("/country/XX").headers


def test_api_answers_are_compressed_on_their_way(site: Site) -> None:
    answer = site.get("/api/v1/outages", headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.data) == site.get("/api/v1/outages").data


def told_of_later(text: str) -> Any:
    """What a page names for later."""
    found = re.search(r'<script id="radar-later" type="application/json">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])


def test_every_script_and_font_of_a_page_is_ours_and_cached_for_ever(site: Site) -> None:
    text = site.page("/country/IQ")
    later = told_of_later(text)
    addresses = [*re.findall(r'<script defer src="([^"]+)"', text), *later["scripts"],
                 later["charts"][-1], *re.findall(r'<link rel="preload" href="([^"]+)"', text)]  # fmt: skip
    assert len(addresses) > 8
    assert "inter-latin.woff2" in addresses[-1]
    for address in addresses:
        assert address.startswith("/")
        answer = site.get(address.replace("&amp;", "&"))
        assert answer.status_code == 200, address
        assert answer.headers["Cache-Control"] == FOR_EVER, address


def test_dash_and_plotly_are_named_for_later_and_no_script_stands_before_what_is_read(site: Site) -> None:
    text = site.page("/country/IQ")
    later = told_of_later(text)
    assert "plotly-radar.min.js" in later["charts"][-1]
    for address in [*later["asked"], *later["charts"]]:
        assert site.get(address).status_code == 200, address
    assert not any("polyfill" in address for address in later["scripts"])
    assert "boot.v1m" in later["scripts"][-1], "Dash begins when all of it is there"
    assert any("dash_renderer" in address for address in later["scripts"])
    scripts = re.findall(r"<script[^>]* src=[^>]*>", text)
    assert len(scripts) == 1
    assert "/radar/site.v1m" in scripts[0]
    assert text.index(scripts[0]) > text.index("</footer>")
    assert "plotly-radar" not in site.page("/outages")


#: The phone of docs/performance.md, and its seconds until a chart answers that its processor and round trips may take.
BYTES_S, AIM_S, REST_S = 200_000, 5.0, 1.5


@pytest.mark.parametrize("path", ["/country/IQ", "/outage/IQ-20260302T0500Z"])
def test_what_a_phone_fetches_until_a_chart_answers_leaves_time_to_draw_it(site: Site, path: str) -> None:
    packed = {"Accept-Encoding": "br"}
    text = site.page(path)
    later = told_of_later(text)
    addresses = [path, *re.findall(r'<script defer src="([^"]+)"', text), *later["scripts"], *later["asked"],
                 *later["charts"], *re.findall(r'<link rel="preload" href="([^"]+)"', text)]  # fmt: skip
    sizes = {address: len(site.get(address.replace("&amp;", "&"), headers=packed).data) for address in addresses}
    sizes["Dash"] = len(site.dash(path, **packed).data)
    assert sum(sizes.values()) / BYTES_S < AIM_S - REST_S, sizes


def test_our_scripts_are_one_without_remarks(site: Site) -> None:
    for path, scripts in (("/about", 1), ("/", 2)):
        addresses = re.findall(r'<script defer src="([^"]+)"', site.page(path))
        assert len(addresses) == scripts
        for address in addresses:
            assert [line for line in site.get(address).text.splitlines() if line.startswith(("/*", " "))] == []
    loaded = {*_tags.SITE, *_tags.OWN["home"]}
    for folder in ("site", "home"):
        for file in sorted((REPO / "assets" / folder).glob("*.js")):
            assert f"{folder}/{file.stem}" in loaded, "a file that nobody loads"


def test_the_number_of_the_publication_is_small_and_kept(site: Site) -> None:
    answer = site.get("/version")
    assert answer.json == {"version": site.get("/api/v1/status").json["data"]["version"], "stalled": False}
    assert len(answer.data) < 50
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    again = site.get("/version", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_static_file_is_compressed_once_and_revalidates(site: Site) -> None:
    wrapper: Any = site.server.wsgi_app
    name = next(a for a in told_of_later(site.page("/"))["scripts"] if "dash_core_components.v" in a)
    first = site.get(name, headers={"Accept-Encoding": "br"})
    assert first.headers["Content-Encoding"] == "br"
    kept = wrapper.files[name]
    assert brotli.decompress(first.data) == kept.plain
    second = site.get(name, headers={"Accept-Encoding": "br"})
    assert wrapper.files[name] is kept
    again = site.get(name, headers={"Accept-Encoding": "br", "If-None-Match": second.headers["ETag"]})
    assert again.status_code == 304 or second.headers["ETag"] != again.headers["ETag"]
    assert site.browser.head(name).data == b""


def test_the_smallest_form_is_made_beside_and_kept_for_the_next_start(tmp_path: Path) -> None:
    body = (REPO / "assets" / "home" / "map.js").read_bytes()
    asked = []

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        start("200 OK", [("Content-Type", "text/javascript"), ("ETag", '"x"')])
        return [body]

    def fetch(wrapper: Static) -> bytes:
        answer = Client(wrapper).get("/assets/x.js", headers={"Accept-Encoding": "br"})
        assert answer.headers["Cache-Control"] == FOR_A_DAY
        return bytes(answer.data)

    wrapper = Static(app, assets=tmp_path / "none", cache=tmp_path / "cache")
    quick = fetch(wrapper)
    assert wrapper.worker is not None
    wrapper.worker.join(30)
    small = fetch(wrapper)
    assert brotli.decompress(quick) == brotli.decompress(small) == body
    assert len(small) < len(quick)
    assert asked == ["/assets/x.js"], "asked once, served from memory"
    later = Static(app, assets=tmp_path / "none", cache=tmp_path / "cache")
    assert fetch(later) == small
    assert later.worker is None, "nothing to compress again"


def test_a_changed_asset_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")

    def app(_environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/css")])
        return [(tmp_path / "a.css").read_bytes()]

    wrapper = Client(Static(app, assets=tmp_path, cache=None))
    assert wrapper.get("/assets/a.css").data == b"a{}"
    (tmp_path / "a.css").write_text("b{}")
    later = time.time() + 10
    os.utime(tmp_path / "a.css", (later, later))
    assert wrapper.get("/assets/a.css").data == b"b{}"


def test_what_is_not_there_is_not_kept(site: Site) -> None:
    wrapper: Any = site.server.wsgi_app
    for path in ("/assets/nope.js", "/assets/../radar/web.py", "/_dash-component-suites/dash/nope.js",
                 "/_dash-component-suites/os/x.js"):  # fmt: skip
        answer = site.get(path)
        assert answer.status_code == 404, path
        assert "Traceback" not in answer.text
        assert path not in wrapper.files


def test_the_policy_lets_no_inline_script_run_but_the_one_that_is_hashed(site: Site) -> None:
    answer = site.get("/")
    policy = answer.headers["Content-Security-Policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert scripts.count("sha256-") == 1
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.S)
    assert len(inline) == 1
    assert inline[0] == FIRST_SCRIPT
    assert first_hash() in scripts
    assert " on" not in " ".join(re.findall(r"<[a-z]+ [^>]*\bon[a-z]+=", answer.text))


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/health", "/favicon.ico", "/nope"])
def test_security_headers_are_on_everything(site: Site, path: str) -> None:
    headers = site.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "Content-Security-Policy" in headers


def test_health_says_only_that_the_process_answers(site: Site) -> None:
    assert site.get("/health").json == {"status": "ok"}


def test_ready_tells_version_and_age(site: Site) -> None:
    body = site.get("/ready").json
    assert body["ready"] is True
    assert body["version"] == 1
    assert body["now"] == "2026-03-02T12:00:00Z"
    assert 0 <= body["age_s"] < 300


def test_ready_before_the_first_publication_has_no_age(bare: Site) -> None:
    assert bare.get("/ready").json == {"ready": True, "version": 0, "now": None, "age_s": None}


def test_icon_and_robots_are_files_not_the_page(site: Site) -> None:
    assert site.get("/favicon.ico").data[:4] == b"\x00\x00\x01\x00"
    assert "Disallow: /_dash" in site.get("/robots.txt").text


def test_writing_to_a_page_is_405(site: Site) -> None:
    assert site.browser.post("/").status_code == 405
