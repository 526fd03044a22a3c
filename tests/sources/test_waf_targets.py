"""What was attacked, by the host that a firewall's log says was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from radar.errors import ConfigError
from radar.settings import load
from radar.sources._waf_targets import target_of, targets
from radar.sources.waf_events import details, parse

SAID = "shop.example=DE, *.shop.example=FR/acme-cloud, api.example=/acme-cloud, [2001:db8::1]=NL"


@pytest.fixture(autouse=True)
def _said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADAR_WAF_TARGETS", SAID)


def aims(*rows: Any) -> tuple[dict[str, int], dict[str, int]]:
    body = b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows)
    (told,) = details(body)
    return told["targets"], told["providers"]


def own(**columns: Any) -> dict[str, Any]:
    return {"time": "2026-03-02T10:00:01Z", "rule": "942100", "country": "BR", **columns}


def audit(host: str, version: int) -> dict[str, Any]:
    message = {"message": "SQL Injection", "details": {"ruleId": "942100"}}
    when = {"client_ip": "8.8.8.8", "time_stamp": "Mon Mar  2 10:00:00 2026", "unix_timestamp": 1772445600}
    if version == 2:
        line = 'Warning. Matched [id "942100"] [msg "SQL Injection"]'
        return {
            "transaction": {"time": "02/Mar/2026:10:00:00 +0000", "remote_address": "8.8.8.8"},
            "request": {"headers": {"Host": host}},
            "audit_data": {"messages": [line]},
        }
    headers: dict[str, Any] = {"Host": host} if version == 3 else {"host": [host]}
    if version == 3:
        return {"transaction": {**when, "request": {"headers": headers}, "messages": [message]}}
    data = {"message": "SQL Injection", "data": {"id": 942100}}
    return {"transaction": {**when, "request": {"headers": headers}}, "messages": [data]}


NGINX = ('2026/03/02 10:08:00 [error] 1#1: *5 [client 8.8.8.8] ModSecurity: Access denied with code 403. [id "942100"] '
         '[msg "SQL Injection"], client: 8.8.8.8, server: x, request: "GET /?a=, host: "api.example" HTTP/1.1", '
         'host: "shop.example:443"')  # fmt: skip
AWS = {
    "timestamp": 1772445600000, "terminatingRuleId": "sqli", "action": "BLOCK", "webaclId": "a",
    "httpRequest": {"clientIp": "8.8.8.8", "headers": [{"name": "Accept", "value": "*"},
                                                       {"name": "host", "value": "shop.example"}]},
}  # fmt: skip
CLOUDFLARE = {"Datetime": "2026-03-02T10:00:00Z", "RuleID": "sqli", "Action": "block", "ClientIP": "8.8.8.8",
              "ClientRequestHost": "shop.example"}  # fmt: skip


@pytest.mark.parametrize(
    "row",
    [own(host="shop.example"), audit("Shop.Example", 2), audit("shop.example:8443", 3), audit("shop.example.", 4),
     NGINX.encode(), AWS, CLOUDFLARE],
)  # fmt: skip
def test_every_form_that_says_a_host_says_its_target(row: Any) -> None:
    assert aims(row) == ({"country/DE": 1}, {})


def test_the_longest_name_that_fits_counts_and_an_unknown_host_has_no_target() -> None:
    hosts = ["shop.example", "a.b.shop.example", "api.example", "[2001:db8::1]:443", "other.example", "", 7, "x" * 999]
    assert aims(*(own(host=host) for host in hosts)) == (
        {"country/DE": 1, "country/FR": 1, "country/NL": 1},
        {"provider/acme-cloud": 2},
    )


def test_what_the_log_says_of_its_target_comes_before_the_setting() -> None:
    row = own(host="a.shop.example", target_country="US")
    assert aims(row) == ({"country/US": 1}, {"provider/acme-cloud": 1})


def test_no_host_is_kept() -> None:
    body = json.dumps(own(host="shop.example")).encode()
    assert "shop" not in repr(details(body)) + repr(parse(body))


def test_a_star_stands_for_all_others() -> None:
    known = targets(("*=DE", "a.example=FR"))
    assert [target_of(host, known) for host in ("a.example", "b", None)] == [("FR", None), ("DE", None), (None, None)]


@pytest.mark.parametrize("said", ["shop.example", "=DE", "shop.example=", "shop.example=/", "shop example=DE",
                                  "a.example=GERMANY", "a.example=DE/Acme Cloud", "http://a.example=DE",
                                  "a*b=DE"])  # fmt: skip
def test_what_is_no_target_stops_the_start_with_what_was_expected(said: str) -> None:
    with pytest.raises(ConfigError, match=r"^RADAR_WAF_TARGETS is .*expected HOST=CC, HOST=/PROVIDER"):
        load({"RADAR_WAF_TARGETS": said})


@pytest.mark.parametrize(
    ("said", "why"), [("a.example=ZZ", "ZZ is no country"), ("a.example=DE,A.example=FR", "twice")]
)
def test_a_country_that_is_none_and_a_host_twice_are_refused(
    monkeypatch: pytest.MonkeyPatch, said: str, why: str
) -> None:
    monkeypatch.setenv("RADAR_WAF_TARGETS", said)
    with pytest.raises(ConfigError, match=f"RADAR_WAF_TARGETS .*{why}"):
        parse(json.dumps(own()).encode())


def test_the_settings_of_a_process_are_those_of_its_children() -> None:
    from radar.settings import child_environment

    found = load({"RADAR_WAF_TARGETS": SAID})
    assert load({"RADAR_WAF_TARGETS": child_environment(found)["RADAR_WAF_TARGETS"]}) == found
