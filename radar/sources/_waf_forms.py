"""One line of a firewall's log to the rules that it says have matched, in any of the forms that are read.

* our own NDJSON: ``time``, ``rule``, and, where known, ``title``, ``cve``, ``action``, ``client`` or ``country`` and
  ``asn``, ``target_country``, ``provider``, ``host``;
* the JSON audit log of ModSecurity 2 and 3 and of Coraza (https://github.com/owasp-modsecurity/ModSecurity/wiki);
* AWS WAF's log (https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html);
* Cloudflare's firewall events by Logpush
  (https://developers.cloudflare.com/logs/reference/log-fields/zone/firewall_events/);
* lines that ModSecurity writes into nginx's error log.

Of a request only the client's address and the host are looked at, to know origin and target (``_waf_targets``); what it
asked for, other headers and bodies never are. Times of ModSecurity 3 and of nginx have no zone and are read as UTC.
Nothing here raises anything but :class:`Wrong`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from radar.sources import _waf_text as text

#: The longest line that is read.
LONGEST_LINE = 4 << 20

#: Rules of one request that are read.
MOST_RULES = 100

#: CRS rules that refuse a request for the sum of what the others found.
_REFUSED = frozenset({"949110", "949111", "959100", "959101"})

_CLOCK = re.compile(r"(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[\w{1,10}\] ")
_PART = re.compile(r'\[(id|msg|tag) "((?:[^"\\]|\\.){0,2000})"\]')
#: The host follows the request, which is the client's own text.
_NGINX_HOST = re.compile(r', host: "([^"\s]{1,260})"')
_CLIENT = re.compile(r"\[client \[?([0-9A-Fa-f.:]{2,45})\]?(?::\d+)?\]|, client: ([0-9A-Fa-f.:]{2,45})(?:,|$)")


class Wrong(Exception):
    """A line that cannot be used: why, and what may be shown of it."""

    def __init__(self, reason: str, example: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.example = example


@dataclass(frozen=True, slots=True)
class Match:
    """One rule that matched one request. ``client`` and ``host`` are looked up and dropped by the caller."""

    second: int
    rule: str
    title: str
    cve: str
    action: str  # blocked | passed | unknown
    client: str | None
    cc: str | None
    asn: int | None
    to_cc: str | None = None
    provider: str | None = None
    host: str | None = None


def matches(line: bytes) -> list[Match]:
    """The matches of one line; none where the line speaks of a request that no rule matched. Raises Wrong."""
    if len(line) > LONGEST_LINE:
        raise Wrong("line is longer than 4 MiB", f"{len(line)} bytes")
    start = line.lstrip()[:1]
    if start != b"{":
        return list(_nginx(line.decode("utf-8", "replace")))
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise Wrong("line is no JSON object", f"{len(line)} bytes") from None
    return list(_of(row))


def _of(row: dict[str, Any]) -> Iterator[Match]:
    if "transaction" in row:
        return _modsecurity(row)
    if "terminatingRuleId" in row or ("webaclId" in row and "httpRequest" in row):
        return _aws(row)
    if "RuleID" in row and ("Datetime" in row or "Action" in row):
        return _cloudflare(row)
    if "rule" in row or "time" in row:
        return _own(row)
    raise Wrong("line has none of the known forms")


def _own(row: dict[str, Any]) -> Iterator[Match]:
    provider = row.get("provider")
    if provider is not None and not (isinstance(provider, str) and re.fullmatch(_SLUG, provider)):
        raise Wrong("provider is not a slug", _shown("provider", provider))
    yield Match(
        _time(text.second(row.get("time")), "time", row.get("time")),
        _rule(row.get("rule")),
        text.title(row.get("title")),
        text.cves(row.get("cve"), row.get("tags"), row.get("title")),
        text.action(row.get("action")),
        _word(row.get("client")),
        _code("country", row.get("country")),
        _asn("asn", row.get("asn")),
        _code("target_country", row.get("target_country")),
        provider or None,
        _host(row.get("host")),
    )


_SLUG = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"


def _modsecurity(row: dict[str, Any]) -> Iterator[Match]:
    request = row["transaction"]
    if not isinstance(request, dict):
        raise Wrong("'transaction' is no object")
    stamps = (request.get("time_stamp"), request.get("time"), request.get("timestamp"))
    found = (
        text.second(request.get("unix_timestamp"))
        or text.stamp(stamps[0], "%a %b %d %H:%M:%S %Y")
        or text.stamp(stamps[1], "%d/%b/%Y:%H:%M:%S %z", "%d/%b/%Y:%H:%M:%S.%f %z")
        or text.second(stamps[2])
        or text.stamp(stamps[2], "%Y/%m/%d %H:%M:%S", "%d/%b/%Y:%H:%M:%S %z")
    )
    time = _time(found, "the transaction's time", next((stamp for stamp in stamps if stamp), None))
    client = _word(request.get("client_ip") or request.get("remote_address"))
    rules = list(_audited(row, request))[:MOST_RULES]
    deed = _deed(row, request, {rule for rule, _title, _cve in rules})
    asked = request.get("request", row.get("request"))
    host = _header(asked.get("headers") if isinstance(asked, dict) else None)
    for rule, title, cve in rules:
        yield Match(time, rule, title, cve, deed, client, None, None, host=host)


def _audited(row: dict[str, Any], request: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(rule, title, CVE) of each message: of ModSecurity 3, of Coraza, of ModSecurity 2 (lines of text)."""
    for message in _list(request.get("messages")) + _list(row.get("messages")):
        if isinstance(message, dict):
            details = message.get("details", message.get("data"))
            if not isinstance(details, dict):
                raise Wrong("a message has neither 'details' nor 'data'")
            said = message.get("message") or details.get("msg")
            number = details.get("ruleId", details.get("id"))
            yield _rule(number), text.title(said), text.cves(details.get("tags"), said)
    audit = row.get("audit_data")
    if isinstance(audit, dict):
        for line in _list(audit.get("messages")):
            if isinstance(line, str) and '[id "' in line:
                yield _bracketed(line)


def _deed(row: dict[str, Any], request: dict[str, Any], rules: set[str]) -> str:
    audit = row.get("audit_data")
    interception = audit.get("action") if isinstance(audit, dict) else None
    if isinstance(interception, dict) and isinstance(interception.get("intercepted"), bool):
        return "blocked" if interception["intercepted"] else "passed"
    if isinstance(request.get("is_interrupted"), bool):
        return "blocked" if request["is_interrupted"] else "passed"
    if rules & _REFUSED:
        return "blocked"
    response = request.get("response", row.get("response"))
    status = response.get("http_code", response.get("status")) if isinstance(response, dict) else None
    if isinstance(status, int) and 100 <= status <= 599:
        return "blocked" if status == 403 else "passed"
    return "unknown"


def _aws(row: dict[str, Any]) -> Iterator[Match]:
    request = row.get("httpRequest")
    request = request if isinstance(request, dict) else {}
    time = _time(text.second(row.get("timestamp")), "timestamp", row.get("timestamp"))
    client, cc = _word(request.get("clientIp")), _code("httpRequest.country", request.get("country"))
    labels = [label.get("name") for label in _list(row.get("labels")) if isinstance(label, dict)]
    cve = text.cves(labels)
    host = _host(request.get("host")) or _header(request.get("headers"))
    found: dict[str, str] = {}
    last = row.get("terminatingRuleId")
    group = ""
    for part in _list(row.get("ruleGroupList")):
        if isinstance(part, dict):
            group = str(part.get("ruleGroupId") or "")[: text.LONGEST_ID].partition("AWS#")[2]
            ended = part.get("terminatingRule")
            for rule in [ended, *_list(part.get("nonTerminatingMatchingRules"))]:
                if isinstance(rule, dict):
                    name = f"{group}/{rule.get('ruleId')}" if group else rule.get("ruleId")
                    found[_rule(name)] = text.action(rule.get("action"))
    for rule in _list(row.get("nonTerminatingMatchingRules")):
        if isinstance(rule, dict):
            found[_rule(rule.get("ruleId"))] = text.action(rule.get("action"))
    if last not in (None, "Default_Action") and not (row.get("terminatingRuleType") == "MANAGED_RULE_GROUP" and found):
        found[_rule(last)] = text.action(row.get("action"))
    for rule, deed in list(found.items())[:MOST_RULES]:
        yield Match(time, rule, "", text.cves(rule) or cve, deed, client, cc, None, host=host)


def _cloudflare(row: dict[str, Any]) -> Iterator[Match]:
    said = row.get("Description")
    country = row.get("ClientCountry")
    yield Match(
        _time(text.second(row.get("Datetime")), "Datetime", row.get("Datetime")),
        _rule(row.get("RuleID")),
        text.title(said),
        text.cves(said, row.get("Ref")),
        text.action(row.get("Action")),
        _word(row.get("ClientIP")),
        None if country in ("t1", "T1", "xx", "XX") else _code("ClientCountry", country),
        _asn("ClientASN", row.get("ClientASN") or None),
        host=_host(row.get("ClientRequestHost")),
    )


def _nginx(line: str) -> Iterator[Match]:
    clock = _CLOCK.match(line)
    if clock is None:
        raise Wrong("line is neither a JSON object nor of nginx's error log", f"{len(line)} characters")
    body = line.partition("ModSecurity: ")[2]
    if '[id "' not in body:
        raise Wrong("line of the error log that tells of no rule", f"{len(line)} characters")
    rule, title, cve = _bracketed(body)
    client = _CLIENT.search(line)
    # "Warning": this rule alone refused nothing; whether another one did, the line does not say.
    deed = "blocked" if body.startswith("Access denied") else "unknown"
    time = _time(text.stamp(clock[1], "%Y/%m/%d %H:%M:%S"), "the line's time", clock[1])
    host = _NGINX_HOST.findall(line)
    yield Match(time, rule, title, cve, deed, (client[1] or client[2]) if client else None, None, None,
                host=_host(host[-1]) if host else None)  # fmt: skip


def _bracketed(line: str) -> tuple[str, str, str]:
    """(rule, title, CVE) of ``... [id "942100"] [msg "..."] [tag "..."]``."""
    # the first of a kind counts: what comes later may be a request's own text
    parts: dict[str, list[str]] = {"id": [], "msg": [], "tag": []}
    for kind, value in _PART.findall(line[:65_536]):
        parts[kind].append(value)
    said = parts["msg"][0] if parts["msg"] else ""
    return _rule(parts["id"][0] if parts["id"] else None), text.title(said), text.cves(parts["tag"], said)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str | None:
    return value.strip()[:64] if isinstance(value, str) and value.strip() else None


def _host(value: Any) -> str | None:
    """A host as a log says it; None for what is none."""
    return value.strip() if isinstance(value, str) and 0 < len(value.strip()) <= 260 else None


def _header(headers: Any) -> str | None:
    """The host of headers: an object (values may be lists), or a list of ``name`` and ``value``."""
    if isinstance(headers, dict):
        pairs = [(name, value) for name, value in list(headers.items())[:200]]
    else:
        pairs = [(item.get("name"), item.get("value")) for item in _list(headers)[:200] if isinstance(item, dict)]
    for name, value in pairs:
        if isinstance(name, str) and name.lower() == "host":
            return _host(value[0] if isinstance(value, list) and value else value)
    return None


def _time(found: int | None, field: str, value: Any) -> int:
    if value is None and found is None:
        raise Wrong("no time", f"{field} is missing")
    if found is None:
        raise Wrong("time cannot be read or has no zone", _shown(field, value))
    return found


def _rule(value: Any) -> str:
    found = text.rule_id(value)
    if found is None:
        raise Wrong("rule is no id" if value is not None else "no rule", _shown("rule", value))
    return found


def _code(field: str, value: Any) -> str | None:
    """A country's code in capitals; whether there is such a country is asked of the whole column later."""
    if value is None or value in ("", "-"):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z]{2}", value.strip()):
        raise Wrong("unknown country", _shown(field, value))
    return value.strip().upper()


def _asn(field: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"(?:AS)?[0-9]{1,10}", value.strip()):
        value = int(value.strip().removeprefix("AS"))
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**32:
        raise Wrong("not an AS number", _shown(field, value))
    return value


def _shown(field: str, value: Any) -> str:
    """What an example says of a wrong value: numbers and short words as they are, of all else only the kind."""
    if isinstance(value, (int, float)) or value is None:
        return f"{field} is {value!r}"
    if isinstance(value, str):
        return f"{field} is {text.title(value)[:30]!a}"
    return f"{field} is a {type(value).__name__}"
