"""The registry of rules: each row is used, says why, fires in a small world, and is named by what it made."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from radar.detect import OutageBook
from radar.detect.model import Alert
from radar.rules import ABOUT_OUTAGES, BOOK, EACH, FILE, RULES, read
from tests.books.test_rises import Watch, before
from tests.detect.world import COUNTRIES, NOW, Radar, World

IR = "country/IR"
CLOUD = "provider/google-cloud"
EDGE = (400.0, 0.01, 40.0, 1e6, 20.0)
REPO = Path(__file__).resolve().parents[2]


def _fired(world: World, slot: int, value: float, bins: int = 2) -> Sequence[Alert]:
    for _bin in range(bins):
        result = world.step({(world.entities[0], slot): value})
    return result.alerts


def _slow() -> Sequence[Alert]:
    world = World("google", [IR], (30.0,), days=120)
    return [alert for _day in range(8 * 12) for alert in world.step({(IR, 0): 23.0}).alerts]


def _attempts() -> Sequence[Alert]:
    watch = Watch(before())
    watch.bins([1] * 6 + [20] * 12)
    return watch.alerts


#: A small world in which each rule fires.
FIRES: dict[str, Callable[[], Sequence[Alert]]] = {
    "seasonal_drop": lambda: _fired(World("edge", [IR], EDGE, n=400.0), 0, 40.0),
    "flat_drop": lambda: _fired(World("ioda10", [IR], (800.0,)), 0, 40.0),
    "routes_withdrawn": lambda: _fired(World("ioda5", [IR], (9000.0, None), wobble=0.0003), 0, 8000.0),
    "routes_withdrawn_now": lambda: _fired(
        World("ris", [IR, *COUNTRIES[:12]], (9000.0, 4000.0, None, None), n=120.0, days=2, wobble=0.001), 0, 8000.0, 1
    ),
    "error_rise": lambda: _fired(World("edge", [CLOUD], EDGE, n=400.0), 1, 0.3),
    "latency_rise": lambda: _fired(World("edge", [IR], EDGE, n=400.0), 2, 90.0),
    "load_rise": lambda: _fired(
        World("dns", ["provider/our-resolver"], (1000.0, 0.02, None, None), n=1000.0), 0, 3000.0
    ),
    "match_rise": _attempts,
    "burst": lambda: _fired(World("atlas", [IR], (40.0, 0.0), n=40.0, wobble=0.0), 1, 20.0, 1),
    "slow_degradation": _slow,
}


def test_every_rule_of_the_file_has_a_world_in_which_it_fires() -> None:
    assert set(FIRES) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_fires_and_is_named_by_its_alert(rule: str) -> None:
    assert rule in {alert.rule for alert in FIRES[rule]()}


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_says_when_and_why_with_its_numbers_filled_in(rule: str) -> None:
    row = RULES[rule]
    for text in (row.words(), row.why()):
        assert text.endswith(".")
        assert not re.search(r"[{}]", text)
    assert row.words() != row.condition or "{" not in row.condition


@pytest.mark.parametrize("rule", RULES)
def test_every_number_of_a_row_is_read_somewhere(rule: str) -> None:
    """A number that nobody reads would be a claim on the page /method and no more."""
    code = "\n".join(path.read_text() for path in [*(REPO / "radar").rglob("*.py")] if path.name != "rules.py" or
                     path.parent.name == "detect")  # fmt: skip
    unread = [key for key in RULES[rule].numbers if f'"{key}"' not in code]
    assert unread == []


def test_every_shared_number_is_read_somewhere() -> None:
    code = "\n".join(path.read_text() for path in (REPO / "radar" / "detect").glob("*.py"))
    code += (REPO / "radar" / "bands.py").read_text()
    assert [key for key in {**EACH, **ABOUT_OUTAGES} if f'"{key}"' not in code] == []


def _weak(series: str, rule: str, minutes: int) -> Alert:
    """An alert that is not strong enough to be published alone."""
    opened = NOW - timedelta(minutes=30 - minutes)
    return Alert(IR, series, rule, opened, NOW, None, 300, depth=0.3, loss=0.3, held=0.3, bins=3)


def test_every_way_to_publish_is_taken_and_named_in_words() -> None:
    strong = Radar(World("edge", [IR], EDGE, n=400.0))
    for _bin in range(2):
        strong.step({(IR, 0): 20.0})
    pair = OutageBook()
    pair.update(NOW, [_weak("edge.requests@edge_logs", "seasonal_drop", 0), _weak("bgp.visible_24s@ioda_signals",
                "routes_withdrawn", 10)], [])  # fmt: skip
    slow, book = World("google", [IR], (30.0,), days=120), OutageBook()
    for _bin in range(8 * 12):
        result = slow.step({(IR, 0): 23.0})
        book.update(slow.t, result.alerts, slow.detector.views([IR]))
    watch = Watch(before())
    watch.bins([1] * 6 + [20] * 12)
    found = [*strong.book.all, *pair.all, *book.all, *watch.outages.all]
    assert {outage.get("rule") for outage in found} == set(BOOK.publications)
    for outage in found:
        assert outage.get("rule_words", "").startswith(BOOK.published(outage["rule"]))


def test_an_outage_shows_the_numbers_that_made_each_alert() -> None:
    radar = Radar(World("edge", [IR], EDGE, n=400.0))
    for _bin in range(3):
        radar.step({(IR, 0): 20.0})
    (outage,) = radar.book.all
    rows = {row["signal"]: row for row in outage["signals"]}
    made = rows["edge.requests"]["numbers"]
    assert (made["rule"], made["value"], made["bins"]) == ("seasonal_drop", 20.0, 3)
    assert made["baseline"] == pytest.approx(400, rel=0.05)
    assert made["threshold"] == pytest.approx(0.8 * made["baseline"], rel=1e-4)
    assert made["score"] is not None
    assert made["score"] < -8
    assert "numbers" not in rows["edge.rtt_p50"], "it raised no alert"


def test_another_file_of_rules_changes_what_fires(tmp_path: Path) -> None:
    """In a process of its own: the rules are read when the first module asks for one."""
    path, text = tmp_path / "rules.toml", FILE.read_text()
    for old, new in (("below = 0.8 ", "below = 0.05 "), ("below_coarse = 0.5 ", "below_coarse = 0.04 "),
                     ("below_special = 0.45 ", "below_special = 0.04 ")):  # fmt: skip
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    code = (
        "from tests.detect.test_rules import FIRES\nfrom radar.rules import RULES\n"
        "print(len(FIRES['seasonal_drop']()), len(FIRES['flat_drop']()), RULES['seasonal_drop'].words()[:13])"
    )
    told = {}
    for name, more in (("ours", {}), ("theirs", {"RADAR_RULES": str(path)})):
        env = {key: text for key, text in os.environ.items() if key != "RADAR_RULES"} | more
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=REPO, env=env, capture_output=True, text=True, timeout=120, check=True
        )
        told[name] = done.stdout.strip()
    assert told == {"ours": "1 1 At least 20 %", "theirs": "0 1 At least 95 %"}


def test_durations_of_the_file_are_those_of_the_book() -> None:
    from radar.detect.case import CONFIRM, JOIN, MERGE

    told = read(FILE).outage
    assert [span.total_seconds() for span in (JOIN, MERGE, CONFIRM)] == [
        told[key] for key in ("join_s", "merge_s", "confirm_s")
    ]
