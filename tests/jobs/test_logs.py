"""One form for all log lines of a process, whoever wrote them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CODE = """
import logging, redis, structlog
from jobs import logs
from radar.errors import StoreUnavailable
from radar.settings import load
logs.configure(load({"RADAR_LOG_FORMAT": CHOSEN}), process="jobs")
structlog.get_logger("jobs.collect").info("collected", source="ioda_signals", rows=3)
logging.getLogger("gunicorn.error").info("Listening at %s", "here")
def fail(error):
    try:
        raise error
    except Exception:
        logging.getLogger("huey.consumer.Worker").exception("Unhandled")
fail(StoreUnavailable("no answer"))
fail(redis.ConnectionError("said many times a second"))
fail(KeyError("a bug"))
"""


def lines(log_format: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE.replace("CHOSEN", repr(log_format))],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert done.stdout == "", "standard output is for results"
    return done.stderr.splitlines()


def test_json_is_one_object_per_line_with_time_level_and_process() -> None:
    events = [json.loads(line) for line in lines("json")]
    assert [event["event"] for event in events][:3] == [
        "collected", "Listening at here", "Unhandled (StoreUnavailable: no answer)",
    ]  # fmt: skip
    assert {event["process"] for event in events} == {"jobs"}
    assert events[0] | {"time": ""} == {
        "time": "", "level": "info", "logger": "jobs.collect", "process": "jobs", "event": "collected",
        "source": "ioda_signals", "rows": 3,
    }  # fmt: skip
    assert events[1]["logger"] == "gunicorn"
    assert "Traceback" in events[3]["exception"]


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_an_expected_failure_is_one_line_and_a_bug_keeps_its_traceback(log_format: str) -> None:
    text = "\n".join(lines(log_format))
    assert text.count("Traceback") == 1
    assert "KeyError" in text
    assert "said many times a second" not in text
