"""Rules of recurrence: the same starts as a library gives, and an end to every rule. Times are on the event's clock."""
# ruff: noqa: DTZ001

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from icalendar.prop import vRecur

from radar.sources._recurrence import MOST, starts

FIRST = datetime(2026, 1, 4, 3, 0)  # a Sunday
FROM, UNTIL = datetime(2026, 3, 1), datetime(2026, 6, 1)


def of(rule: str, first: datetime = FIRST, last: datetime | None = None, **span: datetime) -> list[datetime]:
    since, until = span.get("since", FROM), span.get("until", UNTIL)
    read: dict[str, Any] = {name: values for name, values in vRecur.from_ical(rule).items() if name != "UNTIL"}
    return list(starts(read, first, since, until, last))


def by_library(rule: str, first: datetime, since: datetime, until: datetime) -> list[datetime]:
    times = takewhile(lambda at: at < until, rrulestr(rule, dtstart=first))
    return sorted({at for at in islice(times, 20_000) if at >= since} | ({first} if since <= first < until else set()))


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY", "FREQ=DAILY;INTERVAL=10", "FREQ=DAILY;BYDAY=MO,FR", "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=1,-1",
        "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU",
        "FREQ=WEEKLY;BYDAY=SU;BYMONTH=5", "FREQ=MONTHLY;BYDAY=1SU", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYDAY=SU",
        "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=-1,15", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=4",
        "FREQ=YEARLY;BYMONTH=3,5;BYDAY=2SU", "FREQ=YEARLY;BYDAY=20MO", "FREQ=YEARLY;BYMONTHDAY=1",
        "FREQ=DAILY;COUNT=70", "FREQ=WEEKLY;COUNT=12;BYDAY=SU,WE", "FREQ=MONTHLY;COUNT=4;BYMONTHDAY=4,20",
        "FREQ=DAILY;BYHOUR=3;BYMINUTE=0",
    ],
)  # fmt: skip
def test_the_starts_are_those_of_a_library(rule: str) -> None:
    assert of(rule) == by_library(rule, FIRST, FROM, UNTIL)


def test_random_rules_give_the_starts_of_a_library() -> None:
    chance = random.Random(20260302)
    tried = 0
    for _ in range(150):
        often = chance.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
        parts = [f"FREQ={often}", f"INTERVAL={chance.randint(1, 5)}"]
        if chance.random() < 0.5:
            number = str(chance.choice(["", 1, 2, -1])) if often == "MONTHLY" else ""
            parts.append("BYDAY=" + ",".join(number + day for day in chance.sample(["MO", "TU", "SA", "SU"], 2)))
        if chance.random() < 0.3 and (often != "YEARLY" or len(parts) == 2):
            parts.append(f"BYMONTH={chance.randint(1, 12)}")
        if chance.random() < 0.3 and len(parts) == 2 and often in ("MONTHLY", "DAILY"):
            parts.append(f"BYMONTHDAY={chance.choice([1, 15, 28, -1])}")
        if chance.random() < 0.3:
            parts.append(f"COUNT={chance.randint(1, 60)}")
        rule = ";".join(parts)
        first = FIRST + timedelta(days=chance.randrange(-900, 30))
        if "COUNT" in rule and first not in rrulestr(";".join(parts[:-1]), dtstart=first):
            continue  # libraries do not agree on whether a first start that the rule does not fit counts
        tried += 1
        assert of(rule, first) == by_library(rule, first, FROM, UNTIL), (rule, first)
    assert tried > 100


def test_the_last_start_is_not_after_until() -> None:
    assert of("FREQ=DAILY", last=datetime(2026, 3, 2, 3)) == [datetime(2026, 3, 1, 3), datetime(2026, 3, 2, 3)]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=SECONDLY", "expected YEARLY"),
        ("FREQ=HOURLY", "expected YEARLY"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=99999999", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not read"),
        ("FREQ=DAILY;BYHOUR=1,2", "another time"),
        ("FREQ=DAILY;BYDAY=" + ",".join(["MO"] * 400), "366 values"),
    ],
)
def test_a_rule_that_is_not_read_is_refused_by_name(rule: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        of(rule)


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
                                  "FREQ=MONTHLY;BYDAY=5SU;BYMONTHDAY=1"])  # fmt: skip
@pytest.mark.parametrize("count", ["", ";COUNT=99999999"])
def test_a_rule_that_never_fits_ends_at_once(rule: str, count: str) -> None:
    began = time.perf_counter()
    assert of(rule + count, datetime(2020, 1, 1)) == []
    assert time.perf_counter() - began < 1


def test_a_count_over_too_long_a_time_is_refused_and_no_work_without_end() -> None:
    with pytest.raises(ValueError, match=f"more than {MOST} periods"):
        of("FREQ=DAILY;COUNT=99999999", datetime(1950, 1, 1))
