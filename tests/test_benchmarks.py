"""The page of numbers: written between its markers from what was measured, and from nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.benchmarks import _growth, _report
from tests.benchmarks.__main__ import names


def tick(value: float | None) -> dict[str, object]:
    return {"name": "pipeline_tick", "value": value, "unit": "s for one bin", "peers": {"other": 2.0},
            "ratios": {"other": 0.5}, "details": {"ticks_s": [1.0]}, "peak_mb": 9.0, "load": [0.1, 0.2],
            "measured": "2026-03-02"}  # fmt: skip


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{_report.BEGIN}\nold\n{_report.END}\nafter\n")
    _report.write({"pipeline_tick": tick(1.0)}, page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| 1.00 s | under 5 s | yes |" in text
    assert "| `pipeline_tick`: other | 1.0 | 2.0 | 0.5 |" in text


def test_a_missed_aim_says_no() -> None:
    assert "| 5.00 s | under 5 s | **no** |" in _report.table({"pipeline_tick": tick(5.0)})


def test_a_benchmark_that_was_skipped_has_no_number() -> None:
    skipped = {**tick(None), "unit": "skipped: nothing to read", "peers": {}}
    assert "| skipped: nothing to read | under 5 s | | `pipeline_tick` |" in _report.table({"pipeline_tick": skipped})


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("by hand")
    with pytest.raises(ValueError, match="once each"):
        _report.write({}, page)
    assert page.read_text() == "by hand"


def test_the_picture_of_growth_has_every_run_and_says_how_much_more_a_larger_one_takes() -> None:
    runs = [{"rows": 1000, "s": 0.1, "peak_mb": 90.0}, {"rows": 50_000, "s": 4.0, "peak_mb": 300.0}]
    store = {"write_s_by_entities": {"80000": 0.5, "1000": 0.01}, "server_mb_by_entities": {"1000": 8.0, "80000": 570}}
    results = {
        "aggregate_growth": {"measured": "2026-03-01", "details": {"runs": {"exact": runs}}},
        "store_scale": {"measured": "2026-03-02", "details": store},
    }
    picture = _growth.svg(_growth.panels(results), _growth.source(results))
    root = ElementTree.fromstring(picture)
    texts = " ".join(root.itertext())
    assert "exact: 4 at 50,000" in texts
    assert "exact: 40.0 times as much for 50 times the size" in texts
    assert "packed rows: 0.5 at 80,000" in texts
    assert "packed rows: 570 at 80,000" in texts
    assert texts.count("Aggregation: ") == 2
    assert "Measured on 2026-03-01 and 2026-03-02" in texts
    assert "Benchmarks: aggregate_growth, store_scale." in texts


def test_without_results_nothing_is_drawn() -> None:
    assert _growth.panels({}) == []


def test_every_benchmark_is_explained_and_every_number_has_its_benchmark() -> None:
    explained = set(re.findall(r"^\| `(\w+)` \| `python -m tests\.benchmarks \1` \|", _report.PAGE.read_text(), re.M))
    assert explained == set(names())
    assert {row.benchmark for row in _report.ROWS} == set(names())
