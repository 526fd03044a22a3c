"""The nationwide shutdown of Iran, 2026-01-08, from IODA's export: most routes stayed up, packets gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from radar.shapes import Outage, OutageSignal
from tests.detect.recorded import iran, story

pytestmark = pytest.mark.shared

FIRST_BIN = datetime(2025, 12, 1, tzinfo=UTC)
WARM = FIRST_BIN + timedelta(days=14)


@dataclass
class Played:
    """What the replay gave: the last state, and the outage as it stood at every change."""

    last: list[Outage]
    versions: list[tuple[datetime, Outage]] = field(default_factory=list)
    verdicts: dict[datetime, np.ndarray] = field(default_factory=dict)
    book: bytes = b""

    def at(self, *when: int) -> Outage:
        """The outage as known at a time of January 2026: day, hour, minute."""
        moment = datetime(2026, 1, *when, tzinfo=UTC)
        return [outage for now, outage in self.versions if now <= moment][-1]


def _play(shared: Path) -> Played:
    played = Played([])
    for now, moments, book, changed in story(iran(shared)):
        played.versions += [(now, outage) for outage in changed]
        for moment in moments:
            if moment.detector.group.name == "ioda30":
                played.verdicts[now - timedelta(minutes=30)] = moment.result.verdict[0]
        played.last, played.book = book.all, book.dump()
    return played


@pytest.fixture(scope="module")
def played(shared_data: Path) -> Played:
    return _play(shared_data)


def _row(outage: Outage, signal: str) -> OutageSignal:
    return next(row for row in outage["signals"] if row["signal"] == signal)


def test_exactly_one_outage_is_published_over_the_whole_file(played: Played) -> None:
    assert [(o["entity"], o["level"]) for o in played.last] == [("country/IR", "outage")]
    assert {outage["id"] for _, outage in played.versions} == {played.last[0]["id"]}


def test_the_onset_bracket_lies_within_the_hour(played: Played) -> None:
    outage = played.last[0]
    assert outage["start_earliest"] == "2026-01-08T16:00:00Z"
    assert outage["start"] == "2026-01-08T16:30:00Z"


def test_it_is_public_by_18_on_the_clock_of_the_data(played: Played) -> None:
    now, first = played.versions[0]
    assert first["updates"][0]["kind"] == "opened"
    assert first["known_at"] == "2026-01-08T17:30:00Z"
    assert now <= datetime(2026, 1, 8, 18, tzinfo=UTC)


def test_each_source_says_when_it_saw_it(played: Played) -> None:
    outage = played.last[0]
    assert _row(outage, "ping.up_24s_norm")["first_seen"] == "2026-01-08T16:30:00Z"
    assert _row(outage, "google.search_norm")["first_seen"] == "2026-01-08T18:30:00Z"
    assert _row(outage, "telescope.sources_norm")["first_seen"] == "2026-01-08T17:30:00Z"


def test_the_telescope_sees_it_and_then_cannot_see(played: Played) -> None:
    seen = _row(played.at(8, 20), "telescope.sources_norm")
    assert (seen["verdict"], seen["first_seen"]) == ("insufficient", "2026-01-08T17:30:00Z")
    assert seen["note"] == "Affected, then no data from 19:00 UTC on 8 January 2026."
    assert "no data from 19:00 UTC on 8 January 2026" in _row(played.last[0], "telescope.sources_norm")["note"]


def test_routes_stay_up_at_onset_and_lose_a_little_later(played: Played) -> None:
    at_onset = _row(played.at(8, 17, 30), "bgp.visible_24s_norm")
    assert (at_onset["verdict"], at_onset["first_seen"], at_onset["note"]) == ("not_affected", None, "")
    bgp = _row(played.last[0], "bgp.visible_24s_norm")
    assert (bgp["verdict"], bgp["first_seen"]) == ("not_affected", None)
    assert bgp["depth"] is not None
    assert 0.1 < bgp["depth"] <= 0.14
    assert bgp["note"] == (
        "Not affected at onset; a later, shallow loss of at most 13 % from 18:00 UTC on 8 January 2026."
    )


def test_the_verdict_sets_routes_against_packets(played: Played) -> None:
    assert played.versions[0][1]["verdict"] == "Most routes stayed up, packets gone."
    assert played.last[0]["verdict"] == "Most routes stayed up, packets gone."


def test_it_comes_back_in_stages(played: Played) -> None:
    told = [(u["at"][:10], u["text"]) for u in played.last[0]["updates"] if u["kind"] == "restoring"]
    assert any(day in ("2026-01-18", "2026-01-19") and "Google Search traffic" in text for day, text in told)
    assert any(day == "2026-01-27" and "Blocks that answer pings" in text for day, text in told)
    assert played.at(26, 0)["status"] == "open"
    assert played.last[0]["end"] == "2026-01-28T10:30:00Z"


def test_twenty_days_of_it_never_become_normal(played: Played) -> None:
    assert _row(played.at(27, 0), "ping.up_24s_norm")["verdict"] == "affected"
    assert _row(played.last[0], "ping.up_24s_norm")["last_seen"] == "2026-01-28T10:00:00Z"


def test_nothing_is_judged_before_two_weeks_of_history(played: Played) -> None:
    early = [verdict for t, verdict in played.verdicts.items() if t < WARM]
    assert not np.any(early)
    assert np.all(played.verdicts[WARM][1:] == 1)


def test_a_directed_shutdown_is_a_hypothesis_and_never_the_first_word(played: Played) -> None:
    assert played.versions[0][1]["causes"][0]["cause"] == "unknown"
    assert played.last[0]["causes"][0]["cause"] == "shutdown"
    assert played.last[0]["causes"][0]["for"]


def test_the_same_bytes_give_the_same_book(played: Played, shared_data: Path) -> None:
    assert _play(shared_data).book == played.book
