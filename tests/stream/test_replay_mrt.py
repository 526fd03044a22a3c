"""Files of route collectors through the whole pipeline: a withdrawal becomes an outage, a dying peer does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from jobs.replay import replay
from tests.stream.mrt import dump, updates

START = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
PEERS = [(f"192.0.2.{n}", 64500 + n) for n in range(1, 8)]
#: 64 /24 blocks of a country, and 64 of another one.
IRAN = [f"2.144.{n}.0/24" for n in range(64)]
SPAIN = [f"2.136.{n}.0/24" for n in range(64)]
ROUTES = {prefix: [1299, 64496] for prefix in IRAN} | {prefix: [1299, 64497] for prefix in SPAIN}


def record(folder: Path, *, gone_at: datetime | None, lost: list[str], dead: int = 0) -> None:
    """A dump, and a day and two hours of quiet updates; at ``gone_at`` all peers withdraw ``lost``."""
    (folder / "rrc00.bview.20260301.0000.gz").write_bytes(dump(START.timestamp(), PEERS, ROUTES))
    for step in range(26 * 12):
        at = START + timedelta(minutes=5 * step)
        rows: list[tuple[float, str, int, list[str], list[str], list[int]]] = [
            (at.timestamp() + 1 + n, peer, asn, [SPAIN[step % 64]], [], [1299, 64497])
            for n, (peer, asn) in enumerate(PEERS)
            if gone_at is None or at < gone_at or n >= dead
        ]
        if gone_at is not None and at <= gone_at < at + timedelta(minutes=5):
            rows += [(gone_at.timestamp(), peer, asn, [], lost, []) for peer, asn in PEERS if lost]
        (folder / f"rrc00.updates.{at:%Y%m%d.%H%M}.gz").write_bytes(updates(sorted(rows, key=lambda row: row[0])))


def test_a_withdrawal_of_a_country_is_one_outage_of_that_country(tmp_path: Path) -> None:
    gone_at = START + timedelta(hours=25, minutes=12)
    record(tmp_path, gone_at=gone_at, lost=IRAN[:32])
    result = replay(tmp_path, "mrt_files")
    assert result["rejected"] == 0
    countries = [outage for outage in result["outages"] if outage["entity"].startswith("country/")]
    (outage,) = countries
    assert outage["entity"] == "country/IR"
    assert outage["start"] == "2026-03-02T01:10:00Z"
    assert outage["known_at"] == "2026-03-02T01:15:00Z"
    assert outage["severity"]["depth"] == 0.5
    assert [row["signal"] for row in outage["signals"] if row["verdict"] == "affected"] == ["bgp.visible_24s"]


def test_peers_that_fall_silent_are_no_outage(tmp_path: Path) -> None:
    record(tmp_path, gone_at=START + timedelta(hours=25), lost=[], dead=3)
    assert replay(tmp_path, "mrt_files")["outages"] == []


def test_the_same_files_give_the_same_outages(tmp_path: Path) -> None:
    record(tmp_path, gone_at=START + timedelta(hours=25), lost=IRAN)
    assert replay(tmp_path, "mrt_files")["outages"] == replay(tmp_path, "mrt_files")["outages"]
