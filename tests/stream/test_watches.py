"""What the site is told of candidates: those that go on, and for a week those that are over."""

from __future__ import annotations

from pathlib import Path

from jobs.stream.watches import SHOWN_FOR, SHOWN_MOST, Watches
from radar.archive import Archive
from radar.routing.session import Session
from radar.times import parse
from tests.routing.cases import Case, route53_2018

MINUTE = 60.0


def files(folder: Path, case: Case) -> Watches:
    (folder / "relations").write_bytes(case.relations_file)
    (folder / "vrps").write_bytes(case.vrps_file or b"")
    return Watches(vrps=folder / "vrps", relations=folder / "relations", simulated=True)


def played(folder: Path, case: Case, *, minutes: int) -> tuple[Watches, Session, Archive, float]:
    """The watches after so many minutes of a case; the session that they watch, and its clock."""
    watches, session, archive = files(folder, case), Session("ris_live", grain_s=60), Archive(folder)
    watches.refresh(session.table, case.start)
    session.apply(case.dump)
    session.close(case.start - MINUTE)
    stream = iter([*case.stream, (float("inf"), "", 0, "S", "up", None)])
    element, now = next(stream), case.start
    for _ in range(minutes):
        batch = []
        while element[0] < now + MINUTE:
            batch.append(element)
            element = next(stream)
        session.apply(batch)
        session.close(now)
        watches.minute(session, archive, simulated=True)
        now += MINUTE
    return watches, session, archive, now


def pass_time(watches: Watches, session: Session, archive: Archive, now: float, minutes: int) -> float:
    """Minutes in which nothing is heard."""
    for _ in range(minutes):
        session.close(now, heard=False)
        watches.minute(session, archive, simulated=True)
        now += MINUTE
    return now


def test_a_candidate_is_told_while_it_goes_on_and_after_it_is_over(tmp_path: Path) -> None:
    watches, session, archive, now = played(tmp_path, route53_2018(), minutes=60)
    (event,) = watches.events()
    assert event["status"] == "open"
    watches, session, archive, now = played(tmp_path, route53_2018(), minutes=118)
    (event,) = watches.events()
    assert event["status"] == "ended"
    assert watches.origins.events() != [], "the watch itself still knows it"
    now = pass_time(watches, session, archive, now, 15)
    assert watches.origins.events() == [], "the watch itself has forgotten it"
    assert watches.events() == [event]


def test_what_is_over_survives_a_restart(tmp_path: Path) -> None:
    case = route53_2018()
    watches, session, archive, now = played(tmp_path, case, minutes=135)
    pass_time(watches, session, archive, now, 15)
    again = files(tmp_path, case)
    again.load(watches.dump())
    assert again.events() == watches.events() != []
    kept = watches.dump()
    del kept["over"]  # as an earlier version wrote it
    again.load(kept)
    assert again.events() == []


def test_after_a_week_it_is_told_no_more(tmp_path: Path) -> None:
    watches, session, archive, now = played(tmp_path, route53_2018(), minutes=135)
    now = pass_time(watches, session, archive, now, 15)
    (event,) = watches.events()
    ended = parse(event["last_seen"]).timestamp()
    session.close(ended + SHOWN_FOR.total_seconds() - 2 * MINUTE, heard=False)
    watches.minute(session, archive, simulated=True)
    assert watches.events() == [event]
    session.close(ended + SHOWN_FOR.total_seconds() + MINUTE, heard=False)
    watches.minute(session, archive, simulated=True)
    assert watches.events() == []


def test_of_too_many_the_newest_are_told(tmp_path: Path) -> None:
    watches, session, archive, now = played(tmp_path, route53_2018(), minutes=135)
    pass_time(watches, session, archive, now, 15)
    (event,) = watches.events()
    for n in range(SHOWN_MOST + 5):
        older = event.copy()
        older["id"], older["last_seen"] = f"{n}", f"2018-04-24T01:{n // 60 % 60:02}:{n % 60:02}Z"
        watches._over[older["id"]] = older
    session.close(now + 60 * MINUTE, heard=False)
    watches.minute(session, archive, simulated=True)
    told = {e["id"] for e in watches.events()}
    assert len(told) == SHOWN_MOST
    assert event["id"] in told
    assert not told & {"0", "1", "2", "3", "4", "5"}
