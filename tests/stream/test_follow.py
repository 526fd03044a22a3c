"""From the spool to minutes: what follows from it, what is missing, and that a restart changes nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from polars.testing import assert_frame_equal

from jobs.stream.follow import TOLERATED_S, Follower, Memory, Minute
from jobs.stream.spool import Spool
from radar.routing import Element, snapshot
from radar.routing.session import Session
from tests.stream.upstream import peer_state, update

T = 1_772_409_600.0  # 2026-03-02 00:00 UTC, the start of a minute
PEERS = [("rrc00", f"192.0.2.{n}", 64500 + n) for n in range(4)] + [("rrc01", "198.51.100.1", 64510)]
PREFIXES = [f"5.0.{n}.0/24" for n in range(20)]


def dump(time: float) -> list[Element]:
    """A table dump of all peers."""
    return [(time, f"{host}|{peer}", asn, "B", prefix, f"{asn} 1299 64496")
            for host, peer, asn in PEERS for prefix in PREFIXES]  # fmt: skip


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool that is closed in the end."""
    made = Spool(tmp_path / "spool")
    yield made
    made.close()


def follower(spool: Spool, *, whole: bool = True) -> Follower:
    made = Follower(Session("ris_live", grain_s=60), spool)
    if whole:
        made.session.apply(dump(T - 60))
    return made


def every_peer(time: float, *, gone: list[str] | None = None) -> list[bytes]:
    """One message of each peer; ``gone``: prefixes that all of them withdraw."""
    return [update(time, ["5.0.0.0/24"] if not gone else [], [asn, 1299, 64496], peer=peer, asn=asn, host=host,
                   withdrawn=gone) for host, peer, asn in PEERS]  # fmt: skip


def write_minutes(spool: Spool, minutes: int, *, since: float = T) -> None:
    """Every second a message of some peer."""
    for second in range(minutes * 60):
        host, peer, asn = PEERS[second % len(PEERS)]
        spool.append(since + second, [update(since + second, [PREFIXES[second % 20]], [asn, 1299, 64496], peer=peer,
                                             asn=asn, host=host)])  # fmt: skip
    spool.append(since + minutes * 60 + 3, [])


def blocks(minute: Minute) -> float | None:
    side = minute.found.sides[0]
    return None if side.blocks is None else float(side.blocks.max())


def test_a_minute_is_closed_a_moment_after_its_end_and_counts_what_came_in_it(spool: Spool) -> None:
    made = follower(spool)
    write_minutes(spool, 2)
    minutes = list(made.step())
    assert [minute.start for minute in minutes] == [T, T + 60]
    assert [minute.counts.messages for minute in minutes] == [62, 58]  # two seconds' grace
    assert [blocks(minute) for minute in minutes] == [20.0, 20.0]
    assert [made.state(minute) for minute in minutes] == ["live", "live"]


def test_a_withdrawal_is_seen_in_its_minute(spool: Spool) -> None:
    made = follower(spool)
    spool.append(T + 10, every_peer(T + 10, gone=PREFIXES[:5]))
    spool.append(T + 63, [])
    (minute,) = made.step()
    assert blocks(minute) == 15.0
    assert minute.counts.withdrawals == 25


def test_silence_makes_no_row_and_is_called_silence(spool: Spool) -> None:
    made = follower(spool)
    spool.append(T + 1, every_peer(T + 1))
    for second in range(2, 600):
        spool.append(T + second, [])
    minutes = list(made.step())
    assert len(minutes) == 9
    rows = made.session.rows()
    assert rows["timebin"].n_unique() == 1
    assert made.state(minutes[-1]) == "silent"
    assert blocks(minutes[-1]) is None


def test_a_short_gap_is_put_down_and_tolerated(spool: Spool) -> None:
    made = follower(spool)
    spool.append(T + 1, every_peer(T + 1))
    spool.append(T + 9, [], {"gap": {"since": T + 1, "until": T + 1 + TOLERATED_S, "reason": "closed"}})
    spool.append(T + 63, [])
    (minute,) = made.step()
    assert blocks(minute) == 20.0
    assert [(gap["reason"], gap["filled"]) for gap in made.open_gaps()] == [("closed", False)]


def test_after_a_long_gap_nothing_is_believed(spool: Spool) -> None:
    made = follower(spool)
    spool.append(T + 40, [], {"gap": {"since": T + 1, "until": T + 40, "reason": "closed"}})
    spool.append(T + 41, every_peer(T + 41))
    spool.append(T + 63, [])
    (minute,) = made.step()
    assert blocks(minute) is None
    assert made.state(minute) == "catching_up"


def test_a_gap_that_is_filled_leaves_the_table_as_if_nothing_had_been_missed(spool: Spool, tmp_path: Path) -> None:
    missed = every_peer(T + 20, gone=PREFIXES[:7])
    undisturbed_spool = Spool(tmp_path / "undisturbed")
    whole, holed = follower(undisturbed_spool), follower(spool)
    for target, lines in ((undisturbed_spool, missed), (spool, [])):
        target.append(T + 1, every_peer(T + 1))
        target.append(T + 20, lines)
        if not lines:
            target.append(T + 40, [], {"gap": {"since": T + 1, "until": T + 40, "reason": "closed"}})
        target.append(T + 41, every_peer(T + 41))
        target.append(T + 63, [])
    undisturbed_spool.close()
    elements: dict[str, list[Element]] = {"rrc00": [], "rrc01": []}
    for host, peer, asn in PEERS:
        elements[host] += [(T + 20, peer, asn, "W", prefix, None) for prefix in PREFIXES[:7]]
    holed.fills = {f"{int((T + 40) * 1000)}": {name: (lambda rows=rows: rows) for name, rows in elements.items()}}
    (expected,), (found,) = list(whole.step()), list(holed.step())
    assert blocks(expected) == blocks(found) == 14.0  # one of the seven came back at once
    assert [gap["filled"] for gap in holed.open_gaps()] == [True]
    assert b"".join(snapshot.dump(whole.session, {})) == b"".join(snapshot.dump(holed.session, {}))


def test_the_very_first_table_comes_from_dumps(spool: Spool) -> None:
    made = follower(spool, whole=False)
    spool.append(T, [], {"gap": {"since": None, "until": T, "reason": "start"}})
    spool.append(T + 1, every_peer(T + 1))
    spool.append(T + 63, [])
    made.fills = {f"{int(T * 1000)}": {
        host: (lambda host=host: [(t, p.partition("|")[2], a, k, x, path) for t, p, a, k, x, path in dump(T - 3600)
                                  if p.startswith(host)])
        for host in ("rrc00", "rrc01")
    }}  # fmt: skip
    (minute,) = made.step()
    assert blocks(minute) == 20.0


def test_a_collector_that_falls_silent_alone_is_a_gap_of_its_own(spool: Spool) -> None:
    made = follower(spool)
    for second in range(0, 900, 5):
        talking = [p for p in PEERS if p[0] == "rrc00" or second < 10 or second > 700]
        spool.append(T + second, [update(T + second, ["5.0.0.0/24"], [asn, 1299, 64496], peer=peer, asn=asn, host=host)
                                  for host, peer, asn in talking])  # fmt: skip
    minutes = list(made.step())
    states = {m.peer.key: m.state for m in minutes[-1].found.members}
    assert states["rrc01|198.51.100.1"] == "unsynced"
    assert states["rrc00|192.0.2.1"] == "live"
    (gap,) = made.open_gaps()
    assert (gap["collector"], gap["reason"], gap["filled"]) == ("rrc01", "silent", False)
    assert blocks(minutes[-1]) == 20.0


def test_a_silent_collector_s_sessions_that_begin_anew_are_believed(spool: Spool) -> None:
    made = follower(spool)
    host, peer, asn = PEERS[-1]
    for second in range(0, 900, 5):
        lines = [update(T + second, ["5.0.0.0/24"], [a, 1299, 64496], peer=p, asn=a, host=h)
                 for h, p, a in PEERS if h == "rrc00" or second < 10 or second > 700]  # fmt: skip
        if second == 700:
            lines += [peer_state(T + second, "connected", peer=peer, asn=asn, host=host),
                      update(T + second, PREFIXES, [asn, 1299, 64496], peer=peer, asn=asn, host=host)]  # fmt: skip
        spool.append(T + second, lines)
    minutes = list(made.step())
    states = [{m.peer.key: m.state for m in minute.found.members}[f"{host}|{peer}"] for minute in minutes]
    assert (states[4], states[8], states[-1]) == ("live", "silent", "live")
    assert minutes[-1].found.sides[0].peers == len(PEERS)
    (gap,) = made.open_gaps()
    assert (gap["collector"], gap["reason"], gap["filled"]) == ("rrc01", "silent", False)


def test_a_session_that_goes_down_is_no_withdrawal(spool: Spool) -> None:
    made = follower(spool)
    spool.append(T + 1, every_peer(T + 1))
    spool.append(T + 2, [peer_state(T + 2, "down", peer=p, asn=a, host=h) for h, p, a in PEERS[:2]])
    spool.append(T + 63, [])
    (minute,) = made.step()
    assert (minute.found.sides[0].peers, blocks(minute), minute.counts.withdrawals) == (3, 20.0, 0)


@pytest.mark.parametrize("cut", [1, 61, 150, 299])
def test_a_restart_in_the_middle_gives_the_same_rows_and_the_same_table(spool: Spool, cut: int) -> None:
    rng = random.Random(7)
    undisturbed = follower(spool)
    first = follower(spool)
    rows = []
    second: Follower | None = None
    for step in range(300):
        host, peer, asn = rng.choice(PEERS)
        prefix = rng.choice(PREFIXES)
        gone = rng.random() < 0.4
        spool.append(T + step, [update(T + step, [] if gone else [prefix], [asn, 1299, 64496], peer=peer, asn=asn,
                                       host=host, withdrawn=[prefix] if gone else [])])  # fmt: skip
        if step == cut:
            list(first.step())
            rows.append(first.session.rows())
            packed = b"".join(snapshot.dump(first.session, {"memory": first.kept()}))
            session = Session("ris_live", grain_s=60)
            memory = snapshot.load(session, packed)["memory"]
            second = Follower(session, spool, Memory(**memory))
    spool.append(T + 330, [])
    assert second is not None
    for made in (undisturbed, second):
        list(made.step())
    after = second.session.rows()
    assert_frame_equal(undisturbed.session.rows(), rows[0].vstack(after) if rows[0].height else after)
    assert b"".join(snapshot.dump(undisturbed.session, {})) == b"".join(snapshot.dump(second.session, {}))
