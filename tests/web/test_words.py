"""Times, durations, numbers and sentences as readers see them."""

from __future__ import annotations

from typing import Any

import pytest

from radar.components import bars, entity, numbers, outages, times
from radar.components.ssr import to_html
from radar.signals import SIGNALS
from tests import samples

NOW = "2026-03-02T12:00:00Z"


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0.4, "under a minute"), (25, "25 min"), (60, "1 h"), (320, "5 h 20 min"), (2879, "47 h 59 min"),
     (2880, "2 days"), (60_000, "42 days")],
)  # fmt: skip
def test_durations_are_said_in_two_parts_at_most(minutes: float, words: str) -> None:
    assert times.duration(minutes) == words


def test_a_time_says_its_day_only_where_it_differs() -> None:
    assert times.words("2026-03-02T05:00:00Z", NOW) == "05:00 UTC"
    assert times.words("2026-03-01T05:00:00Z", NOW) == "1 March, 05:00 UTC"
    assert times.words("2024-08-01T00:00:00Z", NOW) == "1 August 2024, 00:00 UTC"


def test_the_end_of_a_span_says_its_day_where_that_is_not_the_first_one() -> None:
    over_night = to_html(times.span("2026-03-01T23:40:00Z", "2026-03-02T02:10:00Z", NOW))
    assert ">1 March, 23:40 UTC</time> – <time" in over_night
    assert 'data-form="dated">2 March, 02:10 UTC</time> (2 h 30 min)' in over_night
    assert 'data-form="clock">02:10 UTC</time>' in to_html(
        times.span("2026-03-02T01:00:00Z", "2026-03-02T02:10:00Z", NOW)
    )
    assert ">1 March, 04:00 UTC</time> (" in to_html(times.span("2026-02-28T03:00:00Z", "2026-03-01T04:00:00Z", NOW))


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        times.parse("2026-03-02T05:00:00")


def test_times_are_elements_that_the_browser_can_turn_into_local_time() -> None:
    assert to_html(times.time("2026-03-02T05:00:00Z", NOW)) == (
        '<time datetime="2026-03-02T05:00:00Z" data-form="clock">05:00 UTC</time>'
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (12_345, "12,000"), (9_960, "10,000"), (0.0421, "0.042"), (4.49, "4.5"), (44, "44"), (99.6, "100")],
)
def test_sentences_have_two_significant_digits(value: float, words: str) -> None:
    assert numbers.rough(value) == words


def test_comparison_fits_the_scale() -> None:
    requests, share = SIGNALS["edge.requests"], SIGNALS["edge.error_share"]
    assert numbers.compared(280, 1000, requests) == "72 % below normal"
    assert numbers.compared(1500, 1000, requests) == "50 % above normal"
    assert numbers.compared(20_000, 1000, requests) == "20 times normal"
    assert numbers.compared(1010, 1000, requests) == "as usual"
    assert numbers.compared(5, 0, requests) == "normal is 0 requests"
    assert numbers.compared(0.2, 0.01, share) == "normal is 1 %"


def _outage(id: str, **more: Any) -> Any:
    found = next(row for row in samples.sample_outages() if row["id"] == id)
    return {**found, **more}


def test_agreement_counts_blind_signals_apart() -> None:
    found = _outage("IQ-20260302T0500Z")
    assert outages.agreement(found) == "2 of 4 signals have seen it, 1 cannot see", "some may have come back"
    assert outages.agreement({**found, "status": "closed"}).startswith("2 of 4 signals saw it")
    assert outages.agreement({**found, "signals": found["signals"][:1]}) == "1 of 1 signal has seen it"
    assert outages.agreement(_outage("IQ-20260302T0500Z", signals=[])) == "no signal is named"


def test_unknown_depth_and_confidence_are_not_zero() -> None:
    unknown = _outage("IQ-51684-20260302T0510Z")
    assert outages.depth(unknown) is None
    assert outages.confidence(unknown) == "confidence not stated"
    assert "0 %" not in to_html(outages.facts(unknown, NOW))


def test_a_cause_is_a_hypothesis_and_unknown_is_none() -> None:
    assert outages.hint(_outage("IQ-20260302T0500Z")) == "Perhaps a pattern consistent with a directed shutdown (70 %)"
    assert outages.hint(_outage("AS5089-20260302T1100Z")) is None


def test_heading_names_what_is_broken_worst_first() -> None:
    open_now = outages.by_urgency([row for row in samples.sample_outages()
                                   if row["status"] == "open" and not row.get("history")])  # type: ignore[misc]  # fmt: skip
    assert outages.heading(open_now) == "Outage now: Iraq. Degraded: AS5089 Virgin Media Limited."
    assert outages.heading([]) == "We see no large outage just now."
    assert outages.heading([], blind=True) == "We cannot say yet: too little data has come in."


def test_heading_counts_what_it_does_not_name() -> None:
    many = [_outage("IQ-20260302T0500Z", entity=f"country/{code}") for code in ("IQ", "IR", "SY", "CU", "TO", "FJ")]
    assert outages.heading(many) == "Outage now: Iraq, Iran, Syria and 3 more."


def test_too_little_data_is_never_called_calm() -> None:
    for state in (None, {"state": "insufficient", "since": None, "outage": None, "words": "", "depth": None,
                         "simulated": False, "series": []}):  # fmt: skip
        said = entity.sentence("country/NR", state, None)  # type: ignore[arg-type]
        assert said == "We have too little data on Nauru to say."


def test_bars_stand_in_the_order_of_urgency() -> None:
    docs, _states = samples.sample_documents(notice=True)
    wall = times.parse("2026-11-23T10:00:00Z")
    found = bars.bars(clock=docs["clock"], notice=docs["notice"], lost_since=wall)
    assert [bar.to_plotly_json()["props"]["data-bar"] for bar in found] == ["impaired", "stale", "simulated"]
    assert "11:40 UTC" in to_html(found[0])
    assert "23 November 2026, 10:00 UTC" in to_html(found[1])


def test_a_notice_that_has_ended_is_no_bar() -> None:
    docs, _states = samples.sample_documents(live=True, notice=True)
    assert bars.bars(clock=docs["clock"], notice={**docs["notice"], "until": NOW}) == []


def test_a_percent_sign_stays_on_the_line_of_its_number() -> None:
    iraq = next(row for row in samples.sample_documents()[0]["outages"] if row["entity"] == "country/IQ")
    assert any("\N{NO-BREAK SPACE}%" in text for text in outages.told(iraq))
    assert not any(" %" in text for text in outages.told(iraq))
