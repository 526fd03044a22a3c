"""Lines of nginx and Apache: read column by column where all are alike, line by line where not, with one result."""

from __future__ import annotations

import random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from radar.sources import _edge_access as access
from radar.sources._edge_counts import merged
from radar.sources._edge_rows import checked
from radar.sources._log_files import Chunk
from radar.sources._rejections import Rejections
from radar.sources.edge_logs import count

HEAD = '8.8.8.8 - - [02/Mar/2026:01:00:07 +0100] "GET /{path} HTTP/{version}" {status} {size}'
FORMS = {
    "common": HEAD,
    "combined": HEAD + ' "-" "agent"',
    "pairs": HEAD + ' "-" "{path}" country={cc} asn={asn} rtt={rtt}',
    "forwarded": HEAD + ' "-" "agent" "{path}" asn={asn} provider=fastly',
    "other keys": HEAD + ' "-" "agent" upstream=1 country={cc} protocol={protocol}',
}


def lines(form: str, seed: int, rows: int = 8) -> list[str]:
    draw = random.Random(seed)
    return [
        FORMS[form].format(
            path=draw.choice(["", "a b", "x=1", "country=FR", r"\"", r"\x22 200 1 \x22", "é"]),
            version=draw.choice(["1.1", "2.0", "3", "3.0"]),
            status=draw.choice(["200", "404", "503", "000"]),
            size=draw.choice(["0", "10", "-", "99999"]),
            cc=draw.choice(["DE", "FR", "-", "XX"]),
            asn=draw.choice(["3320", "-", "AS8075"]),
            rtt=draw.choice(["20ms", "-", "1.5ms", "20000us"]) if seed % 2 else "20ms",
            protocol=draw.choice(["HTTP/3", "-"]),
        )
        for _ in range(rows)
    ]


def one_by_one(texts: list[str]) -> pl.DataFrame:
    table = pl.DataFrame({"text": texts}).with_row_index("line", 1).with_columns(pl.col("line").cast(pl.Int64))
    return access.each(table, Rejections())


def rows(table: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[str, int]]]:
    """What becomes of them, and what is refused."""
    rejected = Rejections()
    if "line" not in table.columns:
        table = table.with_row_index("line", 1)
    return checked(table, rejected), [(item.reason, item.count) for item in rejected.done()]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(form=st.sampled_from(sorted(FORMS)), seed=st.integers(0, 10_000))
def test_both_ways_give_the_same(form: str, seed: int) -> None:
    texts = lines(form, seed)
    table = access.alike(("\n".join(texts) + "\n").encode())
    if table is None:
        return
    (found, lost), (expected, refused) = rows(table), rows(one_by_one(texts))
    assert_frame_equal(found, expected)
    assert lost == refused


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_log_of_one_form_is_read_by_columns(form: str) -> None:
    text = FORMS[form].format(path="", version="2.0", status=200, size=1, cc="DE", asn=1, rtt="2ms", protocol="-")
    found = access.alike(f"{text}\n{text}\n".encode())
    assert found is not None
    assert found.height == 2


@pytest.mark.parametrize(
    "odd",
    ["", "x", '8.8.8.8 - - [2/Mar/2026:01:00:07 +0100] "GET / HTTP/1.1" 200 1 "-" "agent"', '{"time":1}',
     HEAD.format(path="", version="1.1", status=200, size=1), '8.8.8.8 - - [02/Mar/2026:01:00:07 +0100] "GET',
     '8.8.8.8 - - [02/Mar/2026:01:00:07 +0100] "" 200 x "-" "agent"',
     '8.8.8.8 - - [02/Mar/2026:01:00:07 +0100] "" - 1 "-" "agent"',
     '8.8.8.8 - - [02/Mar/2026:01:00:07 +0100] "" 200 1 2 "-" "agent"', "\x00" * 9, '" " " " " "'],
)  # fmt: skip
def test_an_odd_line_among_them_costs_no_other(odd: str) -> None:
    usual = FORMS["combined"].format(path="", version="2.0", status=200, size=1)
    body = f"{usual}\n{odd}\n{usual}\n".encode()
    partials = count(Chunk("a.log", "lines", body, 1), Rejections())
    asked = partials.filter(pl.col("field") == "requests")["amount"].sum()
    assert asked >= 2
    whole = access.alike(body)
    assert whole is None or rows(whole)[0].height == asked


def test_a_large_piece_that_is_cut_for_several_cores_gives_the_same() -> None:
    texts = [line for seed in range(1500) for line in lines("pairs", 2 * seed, 16)]
    texts[777] = "nonsense"
    body = ("\n".join(texts) + "\n").encode()
    assert len(body) > 2 << 20
    rejected = Rejections()
    found = count(Chunk("a.log", "lines", body, 101), rejected)
    half = body.find(b"\n", len(body) // 3) + 1
    parts = [count(Chunk("a.log", "lines", part, 1), Rejections()) for part in (body[:half], body[half:])]
    names = [name for name in found.columns if name != "amount"]
    assert_frame_equal(merged([found]).sort(names), merged(parts).sort(names))
    said = {item.reason: item.example for item in rejected.done()}
    assert said["line is of no form that is read"].startswith("line 878")
