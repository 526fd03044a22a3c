"""``radar try`` on a stream: it listens for a moment."""

from __future__ import annotations

import json

import pytest

from jobs import try_source
from radar.settings import load
from tests.stream.upstream import send, update, upstream

PATH = [64500, 1299, 64496]


def test_a_stream_is_listened_to_for_a_moment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(try_source, "LISTEN_MESSAGES", 3)
    messages = [update(1.7e9 + n, [f"5.0.{n}.0/24"], PATH) for n in range(3)]
    with upstream(send(*messages)) as url:
        settings = load({"RADAR_RIS_LIVE_URL": url, "RADAR_ACCEPT_TERMS": "ris_live"})
        assert try_source.run("ris_live", settings, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["notes"]["announcements"] == 3
    assert found["signals"]["bgp.announcements"] > 0
    assert found["rejected"] == 0


def test_a_stream_whose_terms_are_not_accepted_is_not_listened_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert try_source.run("ris_live", load({}), as_json=True) == 2
    assert "RADAR_ACCEPT_TERMS" in capsys.readouterr().err


def test_a_stream_that_cannot_be_reached_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load({"RADAR_RIS_LIVE_URL": "ws://127.0.0.1:9/", "RADAR_ACCEPT_TERMS": "ris_live"})
    assert try_source.run("ris_live", settings) == 1
    assert "no connection" in capsys.readouterr().err
