"""What updates say: which source where two measure the same, and what is back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from radar.detect import tell
from radar.detect.case import Case, Row
from radar.detect.model import Alert

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
NOW = BEGIN + timedelta(hours=2)
IODA, RIS, PING = "bgp.visible_24s@ioda_signals", "bgp.visible_24s@ris_live", "ping.up_24s@ioda_signals"


def case_of(*series: str, held: float) -> Case:
    """A network that had lost all, of which so much is still missing."""
    case = Case("asn/812", slow=False, seen=0)
    for name in series:
        case.join(Alert("asn/812", name, "routes_withdrawn", BEGIN, NOW, None, 300, depth=0.8, loss=held, held=held,
                        bins=20, publishable=True))  # fmt: skip
        case.rows[name] = Row(name, verdict="affected", reason="", first_seen=int(BEGIN.timestamp()))
    case.place()
    case.told_depth = case.depth
    return case


def told(case: Case) -> str:
    tell.changes(case, NOW, tell.Before.of(case), [], moved=False)
    (update,) = case.updates
    assert update["kind"] == "restoring"
    return update["text"]


def test_where_two_sources_measure_the_same_each_is_named() -> None:
    text = told(case_of(IODA, RIS, held=0.16))
    assert "Partly back: Announced IPv4 space (source ioda_signals) 16 % below normal now, 80 % at the worst." in text
    assert "Partly back: Announced IPv4 space (source ris_live) 16 % below normal now, 80 % at the worst." in text


def test_one_that_measures_alone_needs_no_source() -> None:
    assert "source" not in told(case_of(RIS, PING, held=0.16))


def test_nothing_that_is_missing_is_not_called_partly_back() -> None:
    text = told(case_of(RIS, held=0.0))
    assert text == "Back to normal just now: Announced IPv4 space, 80 % below at the worst."


def test_a_delay_is_told_by_the_same_measure_now_and_at_the_worst() -> None:
    case = case_of("edge.rtt_p50@edge_logs", held=0.2)
    for alert in case.alerts.values():
        alert.rule = "latency_rise"
    assert told(case) == "Partly back: Round-trip time, median 1.2 times its usual value now, 5.0 times at the worst."


def test_what_rose_and_is_back_is_not_said_to_have_been_below() -> None:
    case = case_of("edge.error_share@edge_logs", held=0.0)
    for alert in case.alerts.values():
        alert.rule = "error_rise"
    assert told(case) == "Back to normal just now: Share of requests that failed."


def test_what_lacks_nothing_is_not_still_affected() -> None:
    case = case_of(RIS, PING, held=0.3)
    ping = next(alert for alert in case.alerts.values() if alert.series_id == PING)
    ping.held, ping.loss = 0.7, 0.0
    assert "Still affected" not in told(case)
    ping.loss, case.updates, case.stages = 0.7, [], []
    assert "Still affected: Blocks that answer pings 70 % below normal." in told(case)


def test_what_was_just_told_is_not_told_again_as_still_affected() -> None:
    case = case_of("edge.error_share@edge_logs", held=0.2)
    for alert in case.alerts.values():
        alert.rule = "error_rise"
    assert told(case) == "Partly back: 20 % of requests fail that usually succeed now, 80 % at the worst."
