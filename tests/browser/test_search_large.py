"""Search over 90,000 networks in a browser, while one types: by number, by name, by a part of it, with accents or not.

The table is made, and put where ``radar reference --refresh`` puts a newer one. How long an answer takes is measured by
the benchmarks, not here.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from radar import reference
from tests.browser.conftest import Running, serving

pytestmark = pytest.mark.browser

View = Callable[..., Page]

COUNT = 90_000

#: Names that are looked for, by number: no other name of the table has a word of theirs.
NAMED = {
    4_200_000_001: "Zygomorph Kabelgesellschaft mbH",
    4_200_000_002: "Télécommunications Électriques de l'Île",
    4_200_000_003: "Łódź Światłowód",
    4_200_000_004: "Ñandú Telefonía",
}

_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ka", "le", "mi", "no", "pu", "ra", "se", "ti", "vo")


def rows() -> Iterator[tuple[object, ...]]:
    """A table of networks as long as the real one; nothing in it is real."""
    chance = random.Random(11)
    for i in range(COUNT - len(NAMED)):
        word = "".join(chance.choices(_SYLLABLES, k=4)).capitalize()
        yield (
            10_000 + 3 * i,
            f"{word} Net {i}",
            chance.choice(("BR", "ID", "US", "DE")),
            0.95,
            chance.randrange(256, 9999),
        )
    for asn, name in NAMED.items():
        yield asn, name, "FR", 1.0, 256


def put(folder: Path) -> None:
    """The table in a data folder, named in ``current.json`` as a refresh leaves it."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(reference.packaged()["networks"].columns)
    table.writerows(rows())
    raw = gzip.compress(out.getvalue().encode(), 1, mtime=0)
    place = folder / "reference" / "networks"
    place.mkdir(parents=True)
    (place / "made.csv.gz").write_bytes(raw)
    note = {"file": "made.csv.gz", "version": "made", "date": "2026-03-01", "source": "made for a test", "rows": COUNT,
            "sha256": hashlib.sha256(raw).hexdigest()}  # fmt: skip
    (place / reference.CURRENT).write_text(json.dumps(note), encoding="utf-8")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[Running]:
    """A site that knows the made networks and no others."""
    folder = tmp_path_factory.mktemp("large")
    put(folder / "data")
    with serving(folder) as site:
        yield site


TYPED = (
    ("AS4200000001", 4_200_000_001),
    ("4200000003", 4_200_000_003),
    ("zygomorph", 4_200_000_001),
    ("gomorph kab", 4_200_000_001),  # from the middle of a word into the next one
    ("telecommunications elec", 4_200_000_002),
    ("TÉLÉCOMM", 4_200_000_002),
    ("de l'ile", 4_200_000_002),
    ("nandu", 4_200_000_004),
    ("lodz swiat", 4_200_000_003),
    ("łódź", 4_200_000_003),
    ("telefonia", 4_200_000_004),
)


@pytest.mark.parametrize(("typed", "asn"), TYPED)
def test_a_network_among_many_is_found_while_one_types(view: View, large: Running, typed: str, asn: int) -> None:
    page = view("/", url=large.url)
    page.wait_for_selector("html.taken")
    page.get_by_label("Find a country").press_sequentially(typed)
    expect(page.get_by_role("option").first).to_contain_text(f"AS{asn} {NAMED[asn]}")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/asn/{asn}")
    expect(page.locator("h1").first).to_have_text(f"AS{asn} {NAMED[asn]}")


def test_many_that_fit_are_cut_off_largest_first_and_told(view: View, large: Running) -> None:
    page = view("/search?q=net%2012", url=large.url)
    page.wait_for_selector("html.taken")
    expect(page.locator(".lede")).to_have_text("The first 30 matches for “net 12”.")
    expect(page.locator(".hits li")).to_have_count(30)
    sizes = {f"/asn/{row[0]}": int(str(row[4])) for row in rows()}
    hits = page.locator(".hits a.place").evaluate_all("links => links.map((link) => link.getAttribute('href'))")
    assert [sizes[hit] for hit in hits] == sorted((sizes[hit] for hit in hits), reverse=True)


def test_what_no_name_holds_is_said_and_what_to_try(view: View, large: Running) -> None:
    page = view("/search?q=zzyzx%20qq", url=large.url)
    page.wait_for_selector("html.taken")
    expect(page.locator(".empty")).to_contain_text("Nothing fits “zzyzx qq”.")
    expect(page.locator(".empty li")).to_have_count(2)
