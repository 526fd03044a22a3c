"""What a browser tells: a measurement, or an error that names the field and what was expected."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radar.api.envelope import ApiError
from radar.beacon import told

GOOD: dict[str, Any] = {"consent": True, "rtt_ms": [30, 20.5, 25], "bytes": 2_097_152, "download_ms": 400}


def refused(body: bytes) -> ApiError:
    with pytest.raises(ApiError) as error:
        told.read(body)
    assert error.value.status == 400
    assert error.value.expected
    return error.value


def test_a_measurement_is_the_median_trip_and_the_rate() -> None:
    assert told.read(json.dumps(GOOD).encode()) == told.Told(25.0, 41.94)


def test_without_a_download_there_is_no_rate_and_it_is_not_zero() -> None:
    assert told.read(json.dumps({**GOOD, "bytes": None, "download_ms": None}).encode()).mbps is None


@pytest.mark.parametrize("ms", [0, 0.0, 1, 20.9])
def test_a_rate_that_cannot_be_told_apart_is_the_fastest(ms: float) -> None:
    assert told.read(json.dumps({**GOOD, "download_ms": ms}).encode()).mbps == told.FASTEST


@pytest.mark.parametrize(
    ("field", "value"),
    [("consent", False), ("consent", 1), ("consent", "true"), ("consent", None),
     ("rtt_ms", []), ("rtt_ms", [1, 2]), ("rtt_ms", [1] * 21), ("rtt_ms", [1, 2, "3"]), ("rtt_ms", [1, 2, True]),
     ("rtt_ms", [1, 2, 0]), ("rtt_ms", [1, 2, -5]), ("rtt_ms", [1, 2, 60_001]), ("rtt_ms", {"0": 1}), ("rtt_ms", 20),
     ("bytes", 1000), ("bytes", "2097152"), ("bytes", None), ("bytes", True), ("bytes", [262_144]), ("bytes", -1),
     ("download_ms", None), ("download_ms", -1), ("download_ms", 120_001), ("download_ms", True), ("download_ms", "9")],
)  # fmt: skip
def test_a_field_that_cannot_be_is_named(field: str, value: Any) -> None:
    named = refused(json.dumps({**GOOD, field: value}).encode()).parameter
    assert named in (field, "download_ms" if field == "bytes" else "bytes")


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(field: str) -> None:
    assert refused(json.dumps({k: v for k, v in GOOD.items() if k != field}).encode()).parameter == field


def test_a_field_that_nobody_asked_for_is_refused() -> None:
    assert refused(json.dumps({**GOOD, "address": "77.111.246.53"}).encode()).parameter == "address"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"null", b"[]", b"[" * 2000, b'{"consent":' * 300, b"NaN", b'{"rtt_ms": [NaN, NaN, NaN]}',
     b'{"consent": true, "rtt_ms": [1e999, 1, 1], "bytes": null, "download_ms": null}', b"consent=true&rtt_ms=1"],
)  # fmt: skip
def test_hostile_bodies_are_refused(body: bytes) -> None:
    refused(body)


@given(body=st.binary(max_size=200))
def test_random_bytes_are_refused(body: bytes) -> None:
    refused(body)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(field=st.sampled_from(list(GOOD)), value=odd)
def test_a_field_of_any_value_gives_a_measurement_or_one_error(field: str, value: Any) -> None:
    try:
        found = told.read(json.dumps({**GOOD, field: value}).encode())
    except ApiError:
        return
    assert 0 < found.rtt_ms <= 60_000
    assert found.mbps is None or 0 <= found.mbps <= told.FASTEST
