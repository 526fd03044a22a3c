"""Archived candidates for hijacks and leaks become counts: both sources share what reads them."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from jobs.collect import enabled
from jobs.try_source import run
from radar.errors import UpstreamChanged
from radar.http import Http
from radar.routing.events import to_lines
from radar.routing.origins import OriginWatch
from radar.schema import Parsed
from radar.settings import load
from radar.shapes import RouteEvent
from radar.sources import get, origin_hijacks
from tests.routing.odd import HOLDER, PREFIX, minute, shows, signed

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "origin_hijacks" / "rehearsed"
LINES = (FOLDER / "origin_hijacks.ndjson").read_bytes().splitlines()


def read(*rows: dict[str, Any]) -> Parsed:
    return origin_hijacks.parse(b"\n".join(map(orjson.dumps, rows)))


def values(parsed: Parsed) -> dict[tuple[str, str], float | None]:
    return {(f"{t:%H:%M}", entity): value for t, entity, _signal, value, _n in parsed.rows.iter_rows()}


def event(**changed: Any) -> dict[str, Any]:
    return {**orjson.loads(LINES[0]), **changed}


def test_a_bin_counts_the_candidates_first_seen_in_it() -> None:
    base = {"entities": ["asn/1", "country/US"], "first_seen": "2026-03-02T10:04:59Z"}
    parsed = read(
        event(id="a", **base),
        event(id="b", **{**base, "entities": ["asn/2", "country/US"]}),
        event(id="c", **{**base, "first_seen": "2026-03-02T10:05:00Z"}),
    )
    assert values(parsed) == {
        ("10:00", "asn/1"): 1,
        ("10:00", "asn/2"): 1,
        ("10:00", "country/US"): 2,
        ("10:05", "asn/1"): 1,
        ("10:05", "country/US"): 1,
    }
    assert parsed.rows["n"].null_count() == parsed.rows.height


def test_a_candidate_told_twice_counts_once_as_it_was_told_last() -> None:
    parsed = read(event(status="open"), event(status="ended"))
    assert set(values(parsed).values()) == {1}
    assert parsed.notes == {"candidates": 1, "dismissed": 0}


def test_a_dismissed_candidate_counts_zero_so_that_it_corrects_its_bin() -> None:
    parsed = read(event(status="open"), event(status="dismissed"))
    assert set(values(parsed).values()) == {0}
    assert parsed.notes == {"candidates": 1, "dismissed": 1}


def test_later_answers_correct_earlier_ones() -> None:
    """What the watch tells each minute holds all of the five minutes it speaks of, so the newest answer is right."""
    watch = OriginWatch(signed((PREFIX, HOLDER, 21), ("80.10.0.0/16", 3215, 16)))
    shows(watch, range(4))
    told = [minute(watch)]
    shows(watch, range(4), prefix="80.10.0.0/16", known=(3215,))
    told.append(minute(watch, 2))
    watch.use(signed((PREFIX, HOLDER, 21), (PREFIX, 399_995, 21), ("80.10.0.0/16", 3215, 16)), None, 0.0)
    told.append(minute(watch, 3))
    latest: dict[tuple[str, str], float | None] = {}
    for events in told:
        latest.update(values(origin_hijacks.parse(to_lines(events))))
    assert latest[("10:00", f"asn/{HOLDER}")] == 0
    assert latest[("10:00", "asn/3215")] == 1


def test_nothing_at_all_is_no_candidate() -> None:
    assert origin_hijacks.parse(b"").rows.is_empty()
    assert origin_hijacks.parse(b"\n\n").rejected == ()


def test_a_leak_is_no_hijack() -> None:
    parsed = read(event(), event(id="other", kind="leak"))
    assert parsed.notes["candidates"] == 1
    assert [(item.reason, item.count) for item in parsed.rejected] == [("a candidate of another kind", 1)]
    with pytest.raises(UpstreamChanged, match="origin_hijacks: none of 1 lines is a candidate"):
        read(event(kind="leak"))


def test_a_broken_line_costs_only_itself() -> None:
    parsed = origin_hijacks.parse(b"\n".join([LINES[0], b"{", LINES[1][:-9], b"{}", LINES[2]]))
    assert parsed.notes["candidates"] == 2
    assert sum(item.count for item in parsed.rejected) == 3


def test_a_packed_answer_that_ends_early_gives_what_came_before() -> None:
    body = b"\n".join(LINES) + b"\n"
    assert origin_hijacks.parse(gzip.compress(body)).rows.equals(origin_hijacks.parse(body).rows)
    parsed = origin_hijacks.parse(gzip.compress(body, 0)[:4000])
    assert 0 < parsed.notes["candidates"] < len(LINES)
    assert "the compressed file ends early" in {item.reason for item in parsed.rejected}


@pytest.mark.parametrize("name", ["origin_hijacks", "route_leaks"])
def test_a_source_that_is_worked_out_of_others_is_never_asked(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert get(name).SOURCE.derived_from == "ris_live,mrt_files"
    assert name not in {module.SOURCE.name for module in enabled(load({}))}
    assert name not in {module.SOURCE.name for module in enabled(load({"RADAR_SOURCES": f"{name},edge_logs"}))}
    assert run(name, load({}), now=datetime(2026, 3, 2, tzinfo=UTC), http=Http()) == 1
    assert f"{name}: is worked out from ris_live and mrt_files" in capsys.readouterr().err


def test_it_can_be_tried_with_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("origin_hijacks", load({}), file=FOLDER / "origin_hijacks.ndjson", as_json=True) == 0
    assert orjson.loads(capsys.readouterr().out)["notes"] == {"candidates": 6, "dismissed": 1}


def test_a_row_is_all_that_pages_read() -> None:
    assert set(orjson.loads(LINES[0])) == set(RouteEvent.__annotations__)
