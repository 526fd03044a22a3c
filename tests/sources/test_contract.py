"""What every source promises, asked of each one that discovery finds: also of those that nobody has written yet."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from jobs.record import golden
from radar.errors import UpstreamChanged
from radar.schema import SIGNALS as COLUMNS
from radar.schema import Parsed, check_signals
from radar.shapes.context import SOURCES as HAPPENINGS
from radar.signals import SIGNALS, SLOTS, series_id
from radar.sources import Source, discover, get
from radar.sources._bytes import PARQUET, parquet
from tests.sources.fixtures import Case, cases

NAMES = sorted(discover())
CASES = [case for name in NAMES for case in cases(name)]

every_source = pytest.mark.parametrize("name", NAMES)
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def parse(case: Case, body: bytes) -> Parsed | None:
    """What the source makes of the bytes; None when it says that upstream changed. Any other error fails the test."""
    message = ""
    try:
        parsed = get(case.source).parse(body, name=case.file.name)
    except UpstreamChanged as error:
        message = str(error)
    if message:
        assert message.startswith(f"{case.source}: ")
        assert len(message) < 1000, "a message is for people, not the answer itself"
        return None
    assert list(parsed.rows.columns) == list(COLUMNS)
    check_signals(parsed.rows, source=case.source, signals=set(get(case.source).SOURCE.signals))
    assert all(item.count > 0 and item.reason for item in parsed.rejected)
    return parsed


@every_source
def test_source_record_is_complete(name: str) -> None:
    source: Source = get(name).SOURCE
    for field in ("title", "org", "url", "info_url", "licence", "licence_url", "attribution", "summary"):
        assert getattr(source, field).strip(), f"SOURCE.{field} of {name} is empty"
    assert source.cadence_s > 0
    assert source.lag_s >= 0
    assert source.proof in ("recorded", "documented", "own")
    assert source.absent_is_zero <= set(source.signals)
    assert get(name).__doc__, "the module says what, why, upstream and licence"
    assert "Licence" in str(get(name).__doc__)


@every_source
def test_signals_of_a_source_are_in_the_catalogue_with_the_grain_of_their_slot(name: str) -> None:
    source = get(name).SOURCE
    assert bool(source.signals) != (name in HAPPENINGS), "a source has series, or tells of happenings"
    for signal, grain in source.signals.items():
        assert signal in SIGNALS, f"{signal} is not in radar/signals.py"
        group, _slot = SLOTS[series_id(signal, name)]
        assert group.grain_s == grain, f"{signal} comes every {grain} s but its slot is {group.grain_s} s wide"


@every_source
def test_only_counts_can_be_zero_by_absence(name: str) -> None:
    for signal in get(name).SOURCE.absent_is_zero:
        assert SIGNALS[signal].scale == "count"


@every_source
def test_every_source_has_a_recorded_case(name: str) -> None:
    assert cases(name), f"tests/fixtures/{name}/<case>/ is missing; `radar record {name}` makes one"


@every_case
def test_recorded_answer_gives_the_golden_rows(case: Case) -> None:
    parsed = parse(case, case.file.read_bytes())
    assert parsed is not None
    assert golden(parsed.rows) == (case.folder / "golden.csv").read_text(encoding="utf-8")
    assert parsed.rows.height > 0 or parsed.notes.get("happenings", 0) > 0


@every_case
def test_recorded_answer_gives_the_expected_rejections(case: Case) -> None:
    parsed = parse(case, case.file.read_bytes())
    assert parsed is not None
    expected = pl.read_csv(case.folder / "rejected.csv", schema_overrides={"reason": pl.String, "example": pl.String})
    found = [(item.reason, item.count, item.example) for item in parsed.rejected]
    assert found == [(reason, count, example or "") for reason, count, example in expected.iter_rows()]


@every_case
def test_answer_is_small_enough_to_be_read_in_a_review(case: Case) -> None:
    assert case.file.stat().st_size < 20_000


@every_case
def test_truncated_answer_gives_rows_or_upstream_changed(case: Case) -> None:
    body = case.file.read_bytes()
    whole = parse(case, body)
    assert whole is not None
    for at in sorted({0, 1, 2, 3, 4, 7, 8, 12, *range(0, len(body), max(1, len(body) // 60)), len(body) - 1}):
        part = parse(case, body[:at])
        assert part is None or part.rows.height <= whole.rows.height


@every_case
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n",
        b"\x00" * 64,
        b"\xff\xfe\x00\x01",
        b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
        b"null",
        b"[]",
        b"{}",
        b"[[[[[[",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"error":"try again later","data":null}',
        b'{"data":NaN}',
        b"NaN",
        b"PAR1",
        b"PAR1PAR1PAR1PAR1",
        b"\x1f\x8b",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
        b"\x28\xb5\x2f\xfd\x00\x00",
        "\u00e9\u4e2d,\n1,2\n".encode("utf-16"),
        b",,,,\n" * 100,
        b'"' * 999,
    ],
    ids=lambda body: repr(body[:16]),
)  # fmt: skip
def test_foreign_answer_never_gives_rows_nor_another_error(case: Case, body: bytes) -> None:
    parsed = parse(case, body)
    assert parsed is None or parsed.rows.is_empty()


def _is_parquet(case: Case) -> bool:
    return case.file.suffix == ".parquet"


@pytest.mark.parametrize("case", [case for case in CASES if not _is_parquet(case)], ids=str)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=st.data())
def test_damaged_answer_gives_rows_or_upstream_changed(case: Case, data: st.DataObject) -> None:
    _damage(case, data)


@pytest.mark.parametrize("case", [case for case in CASES if _is_parquet(case)], ids=str)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(data=st.data())
def test_damaged_parquet_gives_rows_or_upstream_changed(case: Case, data: st.DataObject) -> None:
    """Fewer examples: another process reads each."""
    _damage(case, data)


def _damage(case: Case, data: st.DataObject) -> None:
    body = bytearray(case.file.read_bytes())
    places = data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=8))
    for place in places:
        body[place] = data.draw(st.integers(0, 255))
    parse(case, bytes(body))


def _json_of(case: Case) -> tuple[bytes, list[Any]]:
    """What stands before the JSON of a case, and its JSON values; none when it is no JSON."""
    body = case.file.read_bytes()
    head = b")]}'\n" if body.startswith(b")]}'") else b""
    with contextlib.suppress(ValueError):
        return head, [json.loads(body[len(head) :])]
    values = []
    for line in body.split(b"\n"):
        with contextlib.suppress(ValueError):
            values.append(json.loads(line))
    return head, values


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(inner, (*path, key))


def _changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _changed(value[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("case", [case for case in CASES if _json_of(case)[1]], ids=str)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_field_of_another_type_gives_rows_or_upstream_changed(case: Case, data: st.DataObject) -> None:
    head, values = _json_of(case)
    number = data.draw(st.integers(0, len(values) - 1))
    path = data.draw(st.sampled_from(list(_places(values[number]))))
    odd = [None, True, [], {}, [[]], {"a": 1}, "", "x", "NaN", -1, 0, 1e308, -1e308, 2**63, 2**64, 10**40, 0.5, ["bgp"]]
    values[number] = _changed(values[number], path, data.draw(st.sampled_from(odd)))
    parse(case, head + b"\n".join(json.dumps(value).encode() for value in values))


@every_source
@settings(max_examples=40, deadline=None, derandomize=True)
@given(body=st.binary(max_size=300))
def test_random_bytes_never_give_rows_nor_another_error(name: str, body: bytes) -> None:
    for case in cases(name)[:1]:
        for prefix in (b"", b"{", PARQUET, b"\x1f\x8b\x08"):
            parsed = parse(case, prefix + body)
            assert parsed is None or parsed.rows.is_empty()


@every_case
def test_repeated_answer_gives_each_row_once(case: Case) -> None:
    """The same bytes after themselves, as a careless concatenation does: counts may add up, keys never repeat."""
    body = case.file.read_bytes()
    parse(case, body + body)
    parse(case, body + b"\n" + body)


@every_case
def test_order_of_lines_does_not_matter_to_which_rows_come(case: Case) -> None:
    body = case.file.read_bytes()
    whole = parse(case, body)
    assert whole is not None
    if body.startswith(PARQUET):
        shuffled = _parquet_in_another_order(case, body)
    else:
        head, *lines = body.split(b"\n")
        random.Random(5).shuffle(lines)
        shuffled = b"\n".join([head, *lines])
    again = parse(case, shuffled)
    if again is not None and body.startswith(PARQUET):
        assert_frame_equal(again.rows, whole.rows)


def _parquet_in_another_order(case: Case, body: bytes) -> bytes:
    import io

    out = io.BytesIO()
    parquet(body, source=case.source).sample(fraction=1, shuffle=True, seed=5).write_parquet(out)
    return out.getvalue()
