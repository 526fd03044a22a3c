"""The simulated status pages: late, labelled, and in the forms that are read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jobs.simulate.rates import FIRST
from jobs.simulate.scenario import BIN, ENDS, SCENARIO, STARTS
from jobs.simulate.status import StatusSender
from radar.books.provider_status import StatusBook
from radar.sources.provider_status import details, parse
from radar.times import parse as moment

EVENT = next(event for event in SCENARIO if event.id == "provider-errors")


def played() -> Any:
    book = StatusBook()
    for number in range((STARTS - FIRST) // BIN, (ENDS - FIRST) // BIN):
        (answer,) = StatusSender().answers(number)
        assert parse(answer.body).rejected == ()
        book.take(details(answer.body), received_at=FIRST + (number + 1) * BIN, simulated=True)
    return book.page(ENDS)["providers"]


def test_the_provider_of_the_event_speaks_later_than_it_began_and_another_tells_of_what_we_do_not_measure() -> None:
    says = played()
    (incident,) = says["google-cloud"]["incidents"]
    assert moment(incident["created_at"]) - EVENT.start == timedelta(minutes=26)
    assert [note["status"] for note in incident["updates"]][-1] == "available"
    assert not incident["open"]
    (other,) = says["github"]["incidents"]
    assert "provider/github" not in EVENT.entities
    assert other["resolved_at"] is not None
    assert says["digitalocean"]["incidents"] == []


def test_every_text_says_that_it_is_simulated() -> None:
    for page in played().values():
        assert page["simulated"]
        for incident in page["incidents"]:
            texts = [incident["title"], *(note["text"] for note in incident["updates"])]
            assert all(text.startswith("Simulated:") for text in texts)
            assert all(name.startswith("Simulated") for name in (*incident["components"], *incident["regions"]))
