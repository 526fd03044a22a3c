"""What people said about outages: entries of the journal, and what of them stands on an outage's document."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

ReviewKind = Literal["confirm", "correct", "false_alarm", "mute", "unmute", "withdraw"]


class Before(TypedDict, total=False):
    """What was published when a correction was written, of the fields that it changes."""

    start: str
    end: str | None
    level: str
    cause: str | None  # the likeliest one


class Review(TypedDict):
    """One entry of the journal of reviews. It is never changed; ``withdraw`` takes another one back."""

    id: str
    at: str  # the radar's clock: that of a replay where one plays
    wall: str  # the wall clock
    by: str
    kind: ReviewKind
    outage: str
    reason: str
    start: NotRequired[str]  # of a correction: only the fields that it corrects
    end: NotRequired[str]
    level: NotRequired[str]
    cause: NotRequired[str]
    before: NotRequired[Before]
    until: NotRequired[str]  # of a mute
    entry: NotRequired[str]  # of a withdrawal: id of the entry that it takes back
    withdrawn: NotRequired[str]  # only on documents: id of the entry that took this one back


class Muted(TypedDict):
    """That an outage is kept off the front page and out of notifications for a while."""

    until: str
    by: str
    reason: str
    entry: str  # id of the entry
    outage: str  # what was muted: this outage, its whole, or an earlier one of the same entity and signals
