"""Rows that are as they should be are counted by compiled code, and give the partials that the careful readers give."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from radar.sources import _edge_tally, _remembered
from radar.sources._edge_counts import BIN_S, FIELDS, counted, merged
from radar.sources._edge_rows import checked
from radar.sources._edge_tally import tallied
from radar.sources._rejections import Rejections

KEY = 7
TIME = 1_772_409_600_000_000
#: Values of a column that are as they should be.
GOOD: dict[str, list[Any]] = {
    "country": ["DE", "fr", " IQ ", None],
    "asn": [3320, 1, 2**32 - 1, None],
    "status": [200, 0, 100, 404, 499, 500, 599, None],
    "bytes": [0, 512, 2**48, None],
    "rtt_ms": [0.0, 0.0004, 12.5, 600_000.0, None],
    "throughput_mbps": [0.0, 1.5, 1_000_000.0, None],
    "provider": ["fastly", " google-cloud ", "", None],
    "protocol": ["HTTP/1.1", "HTTP/2.0", "http/3", " ", None],
    "tcp_end": ["reset", "RST", "timed_out", "normal", "fin", None],
}
#: And values that are wrong, or unknown.
BAD: dict[str, list[Any]] = {
    "country": ["QQ", "", "XX"],
    "asn": [0, -1, 2**32],
    "status": [1, 99, 600, -5],
    "bytes": [-1, 2**48 + 1],
    "rtt_ms": [-0.1, 600_000.5, float("nan"), float("inf")],
    "throughput_mbps": [-1.0, 1e7, float("nan")],
    "provider": ["Fastly", "a b", "-x"],
    "tcp_end": ["closed", ""],
}


@pytest.fixture(autouse=True)
def small_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_edge_tally, "_LEAST", 0)


def table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """As ``_edge_columns`` gives it: texts as numbers of texts."""
    kinds: dict[str, Any] = {"asn": pl.Int64, "status": pl.Int64, "bytes": pl.Int64, "rtt_ms": pl.Float64,
                             "throughput_mbps": pl.Float64}  # fmt: skip
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        if name == "time":
            columns[name] = pl.Series(values, dtype=pl.Datetime("us", "UTC"))
        elif name in kinds:
            columns[name] = pl.Series(values, dtype=kinds[name])
        else:
            texts = [value for value in dict.fromkeys(values) if value is not None]
            columns[name] = pl.Series(values, dtype=pl.Enum(texts))
    return pl.DataFrame(columns).with_row_index("line", 1)


def careful(rows: pl.DataFrame, lost: Rejections | None = None) -> pl.DataFrame:
    return counted(checked(rows, Rejections() if lost is None else lost), KEY)


def same(one: pl.DataFrame, other: pl.DataFrame) -> None:
    names = ["bin", "cc", "asn", "provider", "field", "cell"]
    assert_frame_equal(merged([one]).sort(names), merged([other]).sort(names))


def mixed(count: int, *, wrong: float, clients: int) -> Iterator[dict[str, Any]]:
    draw = random.Random(count)
    for _ in range(count):
        row: dict[str, Any] = {"time": TIME + draw.randrange(3 * BIN_S * 1_000_000)}
        row |= {name: draw.choice(values) for name, values in GOOD.items()}
        if clients:
            row["client"] = draw.choice([f"8.8.{draw.randrange(clients)}.8", "2001:DB8::1 ", "", None])
        if draw.random() < wrong:
            name = draw.choice(list(BAD))
            row[name] = draw.choice(BAD[name])
        yield row


@pytest.mark.parametrize(("wrong", "clients"), [(0, 0), (0, 3), (0.2, 0), (0.2, 200)])
def test_plain_rows_and_the_others_make_the_partials_of_all(wrong: float, clients: int) -> None:
    rows = table(list(mixed(3000, wrong=wrong, clients=clients)))
    plain, others = tallied(rows, KEY)
    assert 0 < others.height < rows.height / 1.5, "some have no place, most are plain"
    lost, expected_lost = Rejections(), Rejections()
    same(pl.concat([plain, careful(others, lost)]), careful(rows, expected_lost))
    assert lost.done() == expected_lost.done(), "what is wrong is told of the same row"
    assert set(plain["field"]) == set(FIELDS) - (set() if clients else {"client", "clients_n"})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_row_with_one_thing_wrong_is_left(name: str, value: Any) -> None:
    good = {"time": TIME, "country": "DE", "asn": 3320} | {name: GOOD[name][0]}
    plain, others = tallied(table([good, good | {name: value}, good]), KEY)
    assert others["line"].to_list() == [2]
    assert plain.filter(field="requests")["amount"].to_list() == [2]


@pytest.mark.parametrize("place", [{}, {"country": "DE"}, {"asn": 3320}, {"provider": "fastly"}])
def test_an_address_is_looked_up_where_the_row_does_not_say_its_place(place: dict[str, Any]) -> None:
    row = {"time": TIME, "country": None, "asn": None, "provider": None, "client": "8.8.8.8"}
    whole = row | {"country": "DE", "asn": 3320}
    plain, others = tallied(table([whole, row | place, whole]), KEY)
    assert others["line"].to_list() == [2]
    assert plain.filter(field="requests")["amount"].to_list() == [2]


def test_rows_of_another_type_or_without_any_of_ours_are_all_left() -> None:
    rows = table([{"time": TIME, "country": "DE", "asn": 3320}] * 3)
    for other in (rows.with_columns(asn=pl.lit("3320")), rows.with_columns(origin=pl.lit("fastly")),
                  rows.with_columns(country=pl.lit("DE")), rows.drop("country", "asn")):  # fmt: skip
        plain, left = tallied(other, KEY)
        assert plain.is_empty()
        assert_frame_equal(left, other)


def test_many_clients_come_as_texts_and_are_not_remembered() -> None:
    rows = table(list(mixed(3000, wrong=0, clients=250)))
    texts = rows.with_columns(pl.col("client").cast(pl.String))
    same(tallied(texts, KEY)[0], tallied(rows, KEY)[0])
    assert not any("8.8." in text for known in _edge_tally._known.values() for text in known.texts())


def test_what_texts_mean_is_forgotten_when_they_become_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_remembered, "FEW", 20)
    for part in range(30):
        texts = [f"HTTP/{part}.{number}" for number in range(5)]
        rows = table([{"time": TIME, "asn": 7, "protocol": text} for text in texts])
        same(tallied(rows, KEY)[0], careful(rows))
        assert len(_edge_tally._known[_edge_tally._h3].texts()) <= 20


def test_a_wrong_row_costs_no_other_one_that_does_not_say_its_status() -> None:
    good = {"time": TIME, "country": "DE", "asn": 3320, "status": None}
    lost = Rejections()
    assert careful(table([good, good | {"status": 700}, good]), lost).filter(field="requests")["amount"].sum() == 2
    assert [(item.reason, item.count) for item in lost.done()] == [("status is not 0 or 100 to 599", 1)]
