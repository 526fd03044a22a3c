"""The file of rules is checked at start: what is wrong is named by row and key, and nothing runs on half of it."""

from __future__ import annotations

import subprocess
import sys
from html import escape
from pathlib import Path

import pytest

from radar.errors import ConfigError
from radar.rules import FILE, RULES, read
from tests.web.conftest import Site, bare, flask_app, site

__all__ = ["bare", "flask_app", "site"]  # the fixtures

OURS = FILE.read_text(encoding="utf-8")


def wrong(tmp_path: Path, old: str, new: str) -> str:
    """What is said of our file with one thing changed."""
    assert old in OURS
    path = tmp_path / "rules.toml"
    path.write_text(OURS.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read(path)
    assert str(path) in str(raised.value)
    return str(raised.value)


def test_our_own_file_is_right() -> None:
    assert read(FILE).rules.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("open_z = 5.0", "open_z = 'five'", "[every]: open_z is 'five'; expected a number from 0.5 to 100"),
        ("open_z = 5.0", "open_z = nan", "[every]: open_z is nan"),
        ("open_z = 5.0", "open_z = true", "[every]: open_z is True"),
        ("open_z = 5.0", "", "[every]: no key open_z"),
        ("open_z = 5.0", "open_z = 5.0\nopen_zz = 1", "[every]: unknown key open_zz"),
        ("open_z = 5.0", "open_z = 9.0", "every: open_z is 9 and publish_z is 8; expected open_z not above publish_z"),
        ("close_z = 2.5", "close_z = 6.0", "every: close_z is 6 and open_z is 5"),
        ("open_z_network = 4.0", "open_z_network = 7.0", "every: open_z_network is 7 and publish_z_network is 6"),
        ("persist_bins = 2 ", "persist_bins = 2.5 ", "persist_bins is 2.5; expected a whole number from 1 to 1000"),
        ("persist_bins = 2 ", "persist_bins = 0 ", "persist_bins is 0; expected a whole number"),
        ("below = 0.9", "below = 1.9", "rule routes_withdrawn: below is 1.9; expected a number from 0 to 1"),
        ("below = 0.9", "beloww = 0.9", "rule routes_withdrawn: no key below"),
        ('id = "flat_drop"', 'id = "flat_dorp"', "[[rule]] number 2: id is 'flat_dorp'"),
        ('id = "flat_drop"', 'id = "seasonal_drop"', "[[rule]] number 2: id is 'seasonal_drop'"),
        ('id = "rise_alone"', 'id = "two_signals"', "[[publication]] number 3: id is 'two_signals'"),
        ('most = "outage"', 'most = "bad"', "rule seasonal_drop: most is 'bad'; expected one of degraded, outage"),
        ('profile = "flat"', 'profile = "round"', "rule flat_drop: profile is 'round'"),
        ('like = "routes_withdrawn"', 'like = "every"', "rule routes_withdrawn_now: like is 'every'"),
        ("{below_drop} % and", "{below_dorp} % and", "rule flat_drop: condition: no number for the placeholder"),
        ('reason = "Routes hardly', 'raison = "Routes hardly', "rule routes_withdrawn: unknown key raison"),
        ("[outage]", "[outages]", "the file: no key outage"),
        ("[every]\nopen_z", "[every\nopen_z", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named_with_row_and_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in wrong(tmp_path, old, new)


def test_a_rule_that_is_missing_is_named(tmp_path: Path) -> None:
    start = OURS.index('[[rule]]\nid = "burst"')
    end = OURS.index("[[rule]]", start + 5)
    assert "no [[rule]] with id burst" in wrong(tmp_path, OURS[start:end], "")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        read(tmp_path / "none.toml")


def test_the_method_page_lists_every_rule_of_the_file(site: Site) -> None:
    page = site.page("/method")
    for rule in RULES.values():
        assert f"<code>{rule.id}</code>" in page
        assert escape(rule.words(), quote=False) in page
        for key, found in rule.numbers.items():
            assert f"{key} {found:g}" in page


@pytest.mark.parametrize("command", ["run", "web", "jobs", "demo", "backtest"])
def test_no_process_starts_with_wrong_rules(tmp_path: Path, command: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(OURS.replace("open_z = 5.0", "open_z = 'five'"), encoding="utf-8")
    more = ["--signals", str(path), "--labels", str(path)] if command == "backtest" else []
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", command, *more],
        env={"RADAR_RULES": str(path), "RADAR_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert f"radar {command}: rules of {path}: [every]: open_z is 'five'" in done.stderr
    assert "Traceback" not in done.stderr
