"""Bins of partials: what is in them is the same whatever the memory, as long as it suffices; else sums stay right."""

from __future__ import annotations

import sqlite3

import polars as pl
import pytest

from radar.sources._log_bins import ASIDE, HOUR_S, PART, TABLES, Bins, Rules, merged, room, size_of
from radar.sources._rejections import Rejections

START = 1_772_409_600
RULES = Rules(frozenset({"client"}), pl.col("field") == "requests")
SCHEMA = {"bin": pl.Int64, "cc": pl.String, "asn": pl.Int64, "field": pl.String, "cell": pl.Int32, "amount": pl.Int64}


def for_bins_of(size: int) -> int:
    """The memory with which a bin has so many bytes of room."""
    return next(memory for memory in (4 * PART * size, PART * size + ASIDE) if room(memory) == size)


def rows(networks: range, *, start: int = START, first_cell: int = 1, cells: int = 20) -> pl.DataFrame:
    """Network n of country ``A`` (even) or ``B`` has n requests, and cells of clients."""
    found = []
    for n in networks:
        cc = "AB"[n % 2]
        found.append((start, cc, n, "requests", 0, n))
        found += [(start, cc, n, "client", first_cell + cell, 3) for cell in range(cells)]
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


class Kept:
    """Bins in a state in memory."""

    def __init__(self, memory: int, rules: Rules = RULES) -> None:
        self.state = sqlite3.connect(":memory:")
        self.state.executescript(TABLES)
        self.lost = Rejections()
        self.bins = Bins(self.state, rules, memory=memory, lost=self.lost)

    def taken(self, *parts: pl.DataFrame) -> pl.DataFrame:
        for part in parts:
            self.bins.add(part)
        self.bins.settle()
        return self.table()

    def table(self, start: int = START) -> pl.DataFrame:
        found = self.bins.table(start)
        assert found is not None
        return found


def requests(table: pl.DataFrame, *keys: str) -> dict[object, int]:
    sums = table.filter(pl.col("field") == "requests").group_by(keys).agg(pl.col("amount").sum())
    return {row[0] if len(keys) == 1 else row[:-1]: row[-1] for row in sums.rows()}


def with_cells(table: pl.DataFrame) -> set[int]:
    return set(table.filter(pl.col("field") == "client")["asn"].drop_nulls().to_list())


@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_pieces_give_the_bins_of_the_whole_while_they_have_room(pieces: int) -> None:
    whole = rows(range(1, 51))
    parts = [part for _, part in whole.with_row_index().group_by(pl.col("index") % pieces)]
    kept = Kept(1 << 30).taken(*(part.drop("index") for part in parts))
    assert kept.equals(merged([whole], RULES))


def test_a_little_memory_gives_the_same_bins_as_much_of_it() -> None:
    parts = [rows(range(n, n + 8), start=START + 300 * (n % 3), first_cell=n) for n in range(1, 200)]
    sizes = [size_of(merged([part for part in parts if part["bin"][0] == START + 300 * b], RULES)) for b in range(3)]
    much, little = Kept(1 << 30), Kept(for_bins_of(max(sizes) + 1))
    much.taken(*parts)
    little.taken(*parts)
    for number in range(3):
        assert little.table(START + 300 * number).equals(much.table(START + 300 * number))
    assert not little.lost.done()


def test_a_bin_that_is_too_large_keeps_every_sum_and_the_cells_of_the_largest() -> None:
    whole = rows(range(1, 101))
    kept = Kept(for_bins_of(size_of(whole) // 2))
    table = kept.taken(whole)
    assert size_of(table) <= size_of(whole) // 2
    assert requests(table, "asn") == {n: n for n in range(1, 101)}
    some = with_cells(table)
    assert some == set(range(min(some), 101)), "those with the most requests"
    cells = table.filter(pl.col("field") == "client").group_by("cc").agg(pl.col("cell").n_unique())
    assert dict(cells.rows()) == {"A": 20, "B": 20}, "their countries have all"
    (lost,) = kept.lost.done()
    assert lost.reason.startswith("more networks in a bin than logs_memory_mb has room for: clients and percentiles")
    assert lost.count == sum(range(1, min(some)))


def test_where_sums_alone_are_too_many_the_smallest_are_counted_without_a_name() -> None:
    whole = rows(range(1, 1001), cells=0)
    kept = Kept(for_bins_of(size_of(whole) // 3))
    table = kept.taken(whole)
    named = requests(table, "asn")
    assert named.pop(None) == sum(range(1, 1001)) - sum(named.values())
    assert all(asn == count for asn, count in named.items())
    assert requests(table, "cc") == requests(whole, "cc")
    assert [item.reason.partition(": ")[2] for item in kept.lost.done()] == [
        "the smallest are counted together, without a name"
    ]


def test_a_bin_says_of_which_column_names_are_missing_and_so_does_its_hour() -> None:
    whole = rows(range(1, 1001), cells=0)
    kept = Kept(for_bins_of(size_of(whole) // 3))
    table = kept.taken(whole, rows(range(1, 3), start=START + 300, cells=0))
    (cut,) = kept.bins.unlisted(START)
    assert (cut.name, cut.kind) == ("asn", "")
    assert int(cut.example) not in table["asn"].to_list()
    assert kept.bins.unlisted(START + 300) == ()
    assert kept.bins.hour(START - START % HOUR_S) is not None
    assert kept.bins.unlisted(START - START % HOUR_S, HOUR_S) == (cut,)
    kept.state.execute("UPDATE bins SET changed = 0")
    kept.bins.forget(START + HOUR_S)
    assert kept.bins.unlisted(START) == ()


def test_a_bin_that_lost_cells_alone_lists_all_names() -> None:
    whole = rows(range(1, 101))
    kept = Kept(for_bins_of(size_of(whole) // 2))
    kept.taken(whole)
    assert kept.lost.done()
    assert kept.bins.unlisted(START) == ()


def test_a_network_that_was_cut_gets_no_cells_of_a_part_of_its_clients() -> None:
    whole = rows(range(1, 101))
    kept = Kept(for_bins_of(size_of(whole) // 2))
    before = with_cells(kept.taken(whole))
    one = pl.DataFrame([(START, "B", 1, "requests", 0, 1), (START, "B", 1, "client", 0, 7)], SCHEMA, orient="row")
    table = kept.taken(one)
    assert with_cells(table) <= before
    assert requests(table, "asn")[1] == 2
    assert sum(item.count for item in kept.lost.done()) >= sum(range(1, min(before))) + 1


def test_a_network_that_was_cut_in_a_bin_is_cut_in_its_hour() -> None:
    whole = rows(range(1, 101))
    kept = Kept(for_bins_of(size_of(whole) // 2))
    kept.taken(whole, rows(range(1, 4), start=START + 300))
    assert with_cells(kept.table(START + 300)) == {1, 2, 3}
    hour = kept.bins.hour(START)
    assert hour is not None
    assert not with_cells(hour) & {1, 2, 3}
    assert hour["bin"].unique().to_list() == [START // HOUR_S * HOUR_S]
    assert requests(hour, "asn")[3] == 6


def test_a_network_without_a_name_in_one_bin_has_none_in_its_hour() -> None:
    whole = rows(range(1, 1001), cells=0)
    kept = Kept(for_bins_of(size_of(whole) // 3))
    kept.taken(whole, rows(range(1, 4), start=START + 300, cells=0))
    hour = kept.bins.hour(START)
    assert hour is not None
    named = requests(hour, "asn")
    assert not {1, 2, 3} & set(named)
    assert sum(named.values()) == sum(range(1, 1001)) + 6


def test_kinds_are_cut_on_their_own() -> None:
    rules = Rules(frozenset({"client"}), pl.col("kind") == "resolver", "kind")
    schema = {"bin": pl.Int64, "kind": pl.String, "key": pl.String, "field": pl.String, "cell": pl.Int32,
              "amount": pl.Int64}  # fmt: skip
    found = [(START, "resolver", "ours", "asked", 0, 5000), (START, "resolver", "ours", "client", 1, 3)]
    found += [(START, "country", cc, "client", cell, 3) for cc in ("DE", "FR") for cell in range(1, 10)]
    found += [(START, "country", cc, "asked", 0, 5) for cc in ("DE", "FR")]
    for n in range(200):
        found += [(START, "asn", str(n), "asked", 0, n)] + [
            (START, "asn", str(n), "client", c, 3) for c in range(1, 20)
        ]
    whole = pl.DataFrame(found, schema=schema, orient="row")
    table = Kept(for_bins_of(size_of(whole) // 2), rules).taken(whole)
    assert (
        table.filter(pl.col("kind") != "asn")
        .sort("kind", "key", "cell")
        .equals(whole.filter(pl.col("kind") != "asn").sort("kind", "key", "cell"))
    )
    assert requests(table.with_columns(field=pl.col("field").replace("asked", "requests")), "kind")["asn"] == 19900


def test_a_state_of_an_older_form_is_read() -> None:
    state = sqlite3.connect(":memory:")
    state.execute("CREATE TABLE bins (bin INTEGER PRIMARY KEY, body BLOB NOT NULL, changed INTEGER NOT NULL)")
    state.executescript(TABLES)
    bins = Bins(state, RULES, memory=1 << 30, lost=Rejections())
    assert bins.table(START) is None
    assert bins.hour(START) is None
