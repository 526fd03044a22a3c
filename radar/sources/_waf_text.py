"""Words that a firewall's log lends us, made safe to keep: rule ids, titles, CVE numbers, times, actions.

A rule's message may quote the request that it matched, and a request may hold anything. What is kept is short, holds
letters of titles only, and no address, no URL, no e-mail and no control character.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from radar.sources._rejections import without_addresses

#: Longest id and title that are kept, and how much of a message is looked at.
LONGEST_ID, LONGEST_TITLE, LOOKED_AT = 100, 120, 1000

#: CVE numbers kept of one match.
MOST_CVES = 4

_FIRST_S, _LAST_S = 946_684_800, 4_102_444_800  # 2000, 2100

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/#-]{0,99}")
_CVE = re.compile(r"CVE-(?:19|20)\d\d-\d{4,7}(?!\d)", re.IGNORECASE)
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_TAG = re.compile(r"<[^<>]*>?")
_PLACE = re.compile(r"\S*(?:://|@|www\.|%\{)\S*", re.IGNORECASE)
_SCORE = re.compile(r"\((?:Total|Score)[^)]*\)?", re.IGNORECASE)
_KEPT = re.compile(r"[^\w \-.,:;()/'+&]|_{2,}")

_BLOCKED = frozenset({"block", "blocked", "deny", "denied", "drop", "dropped", "reject", "rejected", "redirect",
                      "captcha", "challenge", "jschallenge", "managed_challenge", "managedchallenge",
                      "connectionclose", "connection_close", "access denied"})  # fmt: skip
_PASSED = frozenset({"allow", "allowed", "pass", "passed", "log", "logged", "count", "counted", "detect", "detected",
                     "warn", "warning", "monitor", "simulate", "skip", "bypass", "challengesolved",
                     "managedchallengenoninteractivesolved", "managedchallengeinteractivesolved",
                     "jschallengesolved", "challengebypassed", "managedchallengebypassed",
                     "jschallengebypassed"})  # fmt: skip


def rule_id(value: Any) -> str | None:
    """A rule's id as text: a number, or letters, digits and ``_.:/#-`` of at most 100 characters. None: it is none.

    >>> rule_id(942100), rule_id("AWS#SQLi/SQLi_BODY"), rule_id("<b>"), rule_id(True)
    ('942100', 'AWS#SQLi/SQLi_BODY', None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        value = str(value)
    if not isinstance(value, str) or len(value) > LONGEST_ID:
        return None
    return _id(value.strip())


@lru_cache(maxsize=4096)
def _id(text: str) -> str | None:
    return text if _ID.fullmatch(text) and without_addresses(text) == text else None


def title(value: Any) -> str:
    """A rule's message as a title of at most 120 characters; "" for what is no text.

    >>> title("\\x1b[31mSQL <b>Injection</b> from 192.0.2.7 at http://a.example/?q=1")
    'SQL Injection from at'
    """
    return _title(value[:LOOKED_AT]) if isinstance(value, str) else ""


@lru_cache(maxsize=4096)
def _title(text: str) -> str:
    text = _ESCAPE.sub("", text)
    text = without_addresses(_PLACE.sub(" ", _SCORE.sub(" ", _TAG.sub(" ", text)))).replace("[address]", " ")
    text = " ".join(_KEPT.sub(" ", text).split()).strip(" ,:;-/'+&")
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1].rstrip() + "…"


def cves(*values: Any) -> str:
    """The CVE numbers that the texts name, in capitals, sorted, with spaces between; lists are looked into.

    >>> cves(["attack-rce", "cve-2021-44228"], "Log4j CVE-2021-44228", None)
    'CVE-2021-44228'
    """
    found: set[str] = set()
    for value in values:
        for text in value[:50] if isinstance(value, list) else (value,):
            if isinstance(text, str) and ("CVE-" in text or "cve-" in text or "Cve-" in text):
                found.update(number.upper() for number in _CVE.findall(text[:LOOKED_AT]))
    return " ".join(sorted(found)[:MOST_CVES])


def action(value: Any) -> str:
    """``blocked`` (refused, dropped or challenged), ``passed`` (logged or counted only) or ``unknown``."""
    word = value.strip().lower() if isinstance(value, str) else ""
    return "blocked" if word in _BLOCKED else "passed" if word in _PASSED else "unknown"


def second(value: Any) -> int | None:
    """Epoch seconds of a time: RFC 3339 with a zone, or a number of seconds, milliseconds, microseconds or nanoseconds.

    None for anything else, for a time without a zone, and outside of 2000 to 2100.
    """
    if isinstance(value, str):
        text = value.strip()[:40]
        if text.replace(".", "", 1).isdigit() and text.isascii():
            return second(float(text))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
        return None if moment.tzinfo is None else _within(moment.timestamp())
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        for size in (1, 1e3, 1e6, 1e9):
            found = _within(value / size)
            if found is not None:
                return found
    return None


def stamp(text: Any, *forms: str) -> int | None:
    """Epoch seconds of a text in one of the forms of ``strptime``. A form without a zone is read as UTC."""
    if not isinstance(text, str):
        return None
    for form in forms:
        try:
            moment = datetime.strptime(" ".join(text[:40].split()), form)  # noqa: DTZ007 - a zone is given below
        except ValueError:
            continue
        return _within((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return None


def _within(number: float) -> int | None:
    return int(number) if _FIRST_S <= number < _LAST_S else None
