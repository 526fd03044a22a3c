"""``/status`` and ``/api/v1/status`` about the workers: alive, silent, none; what waits; which job is in trouble."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from radar.shapes.jobs import Jobs
from radar.store import board, connect, documents
from tests import samples
from tests.web.conftest import Site


def words(html: str, part: str) -> str:
    """What a reader sees of one section."""
    found = re.search(rf'<section[^>]* id="{part}".*?</section>', html, re.S)
    assert found, f"no section {part}"
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


@pytest.fixture
def told(now: datetime) -> Jobs:
    """The sample document as of now."""
    return samples.sample_jobs(now)


def shown(site: Site, jobs: object, part: str = "workers") -> str:
    """The section with this document."""
    documents.put(site.store, board.DOCUMENT, jobs)
    return words(site.page("/status"), part)


def test_those_in_trouble_come_first_and_each_says_how_it_goes(site: Site, told: Jobs) -> None:
    said = shown(site, told, "jobs")
    order = ["collect:google_traffic", "collect:ioda_signals.2of4", "archive", "tick"]
    assert sorted(order, key=said.index) == order
    assert "Failing 1 Late 1 Never run 1 On time 3" in said
    row = said.partition("collect:ioda_signals.2of4")[2].partition("archive")[0]
    for part in ("Late", "5 min", "58 s median 52 s 95 %: 2 min", "20 min", "by radar-b:977"):
        assert part in row, part
    assert "503 from upstream" in said
    assert "at it for 1" in said
    assert "tick On time 1 bucket skipped 1 min" in said


def test_who_holds_the_lease_of_a_job_is_told_and_from_whom_it_was_taken_over(site: Site, told: Jobs) -> None:
    said = shown(site, told, "jobs")
    abandoned, _, rest = said.partition("collect:ioda_signals.2of4")[2].partition("archive")
    assert abandoned.startswith(" Late its lease ran out at radar-b:977 5 min")
    row = rest.partition("collect:ioda_signals.1of4")[2].partition("tick")[0]
    assert "held by radar-a:4021 taken over from radar-b:977" in row
    for run in told["runs"]:
        for key in ("holder", "abandoned", "taken_from"):
            run.pop(key)  # type: ignore[misc]  # as a worker of the version before wrote it
    assert "held by" not in shown(site, told, "jobs")


def test_a_demo_tells_its_process_and_jobs_and_no_queue(site: Site, told: Jobs) -> None:
    told["plays"] = True
    said = shown(site, told)
    assert said.index("One process plays recorded and simulated hours") < said.index("radar-a:4021 Alive")
    assert "Queue" not in said
    assert "On time" in words(site.page("/status"), "jobs")


def test_a_worker_that_is_silent_is_told_beside_one_that_is_alive(site: Site, told: Jobs) -> None:
    said = shown(site, told)
    for part in ("1 alive, 1 silent", "2 tasks wait, the oldest for 3", "1 is due later", "7 files of rows, the oldest",
                 "1 bucket skipped, 0 put off", "As planned.", "collect:ioda_signals.1of4"):  # fmt: skip
        assert part in said, part
    assert said.index("radar-b:977 Silent") < said.index("radar-a:4021 Alive")


def test_a_worker_that_died_is_told_without_a_new_publication(site: Site, told: Jobs, now: datetime) -> None:
    assert "No worker is alive" not in shown(site, told)
    site.at(lambda: now + timedelta(minutes=10))
    said = words(site.page("/status"), "workers")
    assert "No worker is alive. No worker was heard of since" in said
    assert "0 alive, 2 silent" in said
    assert "Late 5" in words(site.page("/status"), "jobs") or "Late 4" in words(site.page("/status"), "jobs")


def test_slowed_sources_are_named_with_the_reason(site: Site, told: Jobs, now: datetime) -> None:
    told["behind"], told["slowed"] = samples.text(now - timedelta(hours=2)), ["holidays", "mlab_ndt"]
    said = shown(site, told)
    assert "Slowed. Rows have waited for 2 h, which is longer than 30 min." in said
    assert "asked four times less often: holidays, mlab_ndt. Nothing is dropped" in said
    told["behind_after_s"] = 0
    assert "Sources are never slowed" in shown(site, told)


def test_two_archives_are_told(site: Site, told: Jobs) -> None:
    other = told["workers"][1]
    other["archive"], other["heard"], other["waits"] = "another", told["workers"][0]["heard"], True
    said = shown(site, told)
    assert "Two archives." in said
    assert "Waits: it has another archive" in said


def test_what_cannot_be_asked_is_no_zero(site: Site, told: Jobs) -> None:
    told["queue"] = told["archive"] = None
    said = shown(site, told)
    assert "cannot be asked" in said
    assert "the archive cannot be read" in said
    assert "0 tasks" not in said


@pytest.mark.parametrize("found", [None, [{"name": "tick", "ok": True}]], ids=["none", "an older form"])
def test_before_a_worker_reported_nothing_is_claimed(site: Site, found: object) -> None:
    assert "One process plays recorded and simulated hours" in shown(site, found), "a replay has no worker"
    assert "No job has reported yet" in words(site.page("/status"), "jobs")
    samples.seed(site.store, live=True)
    assert "No worker has reported yet" in shown(site, found)
    assert site.get("/api/v1/status").json["data"]["jobs"] is None


def test_the_api_says_the_same(site: Site, told: Jobs) -> None:
    documents.put(site.store, board.DOCUMENT, told)
    found = site.get("/api/v1/status").json["data"]["jobs"]
    assert [run["state"] for run in found["runs"]] == ["failing", "late", "never", "ok", "ok", "ok"]
    assert found["runs"][1]["lag_s"] == pytest.approx(1200, abs=10)
    assert [(row["name"], row["alive"]) for row in found["workers"]] == [("radar-a:4021", True), ("radar-b:977", False)]
    assert (found["alive"], found["heard"]) == (1, told["at"])
    samples.seed(site.store)  # a publication of its own leaves what the workers said
    assert datetime.fromisoformat(found["heard"]) <= datetime.now(UTC)


def test_the_page_does_not_call_it_well_while_no_worker_is_alive(site: Site, told: Jobs, now: datetime) -> None:
    docs = samples.sample_documents(live=True)[0]
    docs["sources"] = [row for row in docs["sources"] if row["state"] == "ok"]
    documents.publish(site.store, docs)
    assert "All that should be on time is on time.<" in site.page("/status")
    site.at(lambda: now + timedelta(minutes=2))
    assert "All that should be on time is on time, but no worker is alive." in site.page("/status")


def test_while_the_store_is_gone_no_worker_is_called_dead(site: Site, told: Jobs, now: datetime) -> None:
    site.page("/status")
    site.at(lambda: now + timedelta(hours=1))
    site.use(connect("redis://127.0.0.1:1/0", timeout_s=0.2))
    page = site.page("/status")
    assert "the last that we read" in page
    assert "1 alive, 1 silent" in words(page, "workers")
