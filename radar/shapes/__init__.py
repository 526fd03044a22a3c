"""The documents that jobs publish and that pages, API and feeds read: plain JSON, described once.

Times are RFC 3339 UTC texts ("2026-03-02T00:20:00Z"); None means "not known", never zero. All documents of one
publication are written in one transaction together with ``version``, so a reader never sees half of one.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from radar.shapes.quality import Iqb
from radar.shapes.reviews import Muted, Review

State = Literal["ok", "degraded", "outage", "insufficient"]
Verdict = Literal["affected", "not_affected", "insufficient"]


class Clock(TypedDict):
    """Document ``clock``: what time the radar believes it is, and how it got there."""

    now: str
    mode: Literal["live", "replay"]
    speed: float  # data seconds per second; 1 when live; 0 when the replay has ended
    simulated: bool
    starts: str | None  # first moment of a replay
    ends: str | None  # last moment of a replay
    wall: str  # wall clock at publication, to tell when publication itself stalls


class SourceStatus(TypedDict):
    """One row of document ``sources``."""

    name: str
    title: str
    org: str
    url: str
    info_url: str
    licence: str
    licence_url: str
    attribution: str
    summary: str
    proof: str
    signals: list[str]
    simulated: bool
    state: Literal["ok", "late", "failing", "history", "never", "off"]  # history: a recorded set with its own dates
    oldest_bin: str | None
    newest_bin: str | None  # start of the newest bin with a value
    lag_s: float | None  # clock now minus end of the newest bin
    expected_lag_s: int
    last_success: str | None
    last_error: str | None
    last_error_at: str | None
    rows: int
    rejected: int
    rejected_examples: list[dict[str, str | int]]  # reason, count, example
    gaps: list[dict[str, str]]  # from, until: bins that never came for any entity
    off: NotRequired[str]  # why it is not collected here, in a sentence; only where the state is "off"


class AlertNumbers(TypedDict):
    """What made an alert: its rule and numbers. Values are in the unit of the signal, of the worst bin."""

    rule: str
    value: float
    baseline: float  # what is normal for that bin
    threshold: float | None  # the value beyond which the rule holds, with this baseline; None: held against chance
    score: float | None  # robust deviations at the worst, negative is bad; None where the rule counts without them
    bins: int  # affected bins


class OutageSignal(TypedDict):
    """One independent source's view of an outage: a row of the agreement matrix."""

    signal: str
    source: str
    verdict: Verdict
    first_seen: str | None  # first affected bin
    last_seen: NotRequired[str | None]  # last affected bin
    note: NotRequired[str]  # one plain sentence, for example "no data from 19:00"
    depth: NotRequired[float | None]  # largest loss against the baseline, 0..1
    numbers: NotRequired[AlertNumbers]  # where an alert was raised: by which rule, and from what
    simulated: NotRequired[bool]


class Severity(TypedDict):
    """How bad, in numbers and in words."""

    depth: float | None  # loss against normal at the worst, 0..1
    now: NotRequired[float | None]  # loss in the newest bins, where an open one has clearly eased; else None
    share: float | None  # part of what ``basis`` says that is hit, 0..1
    basis: str  # what ``share`` counts, and what it is from
    minutes: float
    words: str


class Cause(TypedDict):
    """A hypothesis, never a verdict."""

    cause: str  # an id of labels.CAUSES
    p: float
    by: NotRequired[str]  # who says so: a person's word is no probability, and ``p`` is then 1
    # "for" and "against" are lists of sentences; "for" is no identifier, so it is added below


Cause.__annotations__["for"] = list[str]
Cause.__annotations__["against"] = list[str]


class Update(TypedDict):
    """One published version of an outage: an entry of its page and of the feed."""

    at: str  # data clock
    kind: Literal[
        "opened", "updated", "corrected", "restoring", "closed", "reopened", "retracted",
        "confirmed", "muted", "unmuted", "withdrawn",
    ]  # fmt: skip
    text: str
    review: NotRequired[str]  # id of the entry of the journal, where a person said it


class Outage(TypedDict):
    """An outage as the API, ``radar outages`` and the pages show it. The id never changes."""

    id: str
    entity: str
    status: Literal["open", "closed", "retracted"]
    level: Literal["degraded", "outage"]
    start: str
    start_earliest: str
    end: str | None
    known_at: str
    confidence: float | None
    severity: Severity
    signals: list[OutageSignal]
    causes: list[Cause]
    simulated: bool
    history: NotRequired[bool]  # from a recorded set with its own dates, not of the running clock
    headline: NotRequired[str]  # one plain sentence
    verdict: NotRequired[str]  # control plane against data plane, in words
    rule: NotRequired[str]  # id of the rule that published it
    rule_words: NotRequired[str]  # the rule with its numbers
    updates: NotRequired[list[Update]]
    retraction: NotRequired[str | None]
    parent: NotRequired[str | None]  # the outage this one is a part of
    children: NotRequired[list[str]]  # ids of the outages that are part of this one
    about: NotRequired[str]  # what of the entity it tells of: of our firewalls the id of a rule; absent: the whole
    related: NotRequired[list[str]]  # ids of outages of other entities that tell of the same event, none a part
    reviews: NotRequired[list[Review]]  # all that people said about it, oldest first; absent: nothing
    said_before: NotRequired[dict[str, Any]]  # what the detector says of the fields that people changed
    muted: NotRequired[Muted]


class EntityState(TypedDict):
    """One field of hash ``states``: how an entity is now."""

    state: State
    since: str | None
    outage: str | None  # id of the open outage
    words: str  # "Requests at our edge are 72 % below normal"; why, when insufficient
    depth: float | None
    simulated: bool
    series: list[str]  # series ids that have data


class Notice(TypedDict):
    """Document ``notice``: our own measurement is impaired. Absent when it is not."""

    since: str
    until: str | None
    text: str
    signals: list[str]


class QualityRow(TypedDict):
    """One country's monthly percentiles in document ``quality``."""

    entity: str
    month: str  # "2025-10"
    tests: int
    values: dict[str, float | None]  # signal id -> value
    iqb: NotRequired[Iqb]  # how good that is for what people do


class RoutingGap(TypedDict):
    """A time in which route messages are missing. ``until`` None: it goes on."""

    since: str
    until: str | None
    collector: str  # "" for the whole stream
    reason: str  # "disconnected", "stalled", "restart", "flood", "peer down", ...
    filled: bool  # later filled from dumps of the same time


class RoutingPeer(TypedDict):
    """One BGP session of a route collector: who gives it its view."""

    collector: str  # "rrc00"
    asn: int
    peer: str  # address of the router
    state: Literal["live", "silent", "down", "unsynced"]  # unsynced: messages are missing, its view is not believed
    full_v4: bool  # carries a full table, and so counts in the quorum
    full_v6: bool
    prefixes_v4: int
    prefixes_v6: int
    last_heard: str | None


class RoutingView(TypedDict):
    """One entity in the routing table: a field of the hash ``routes``. None: not known, never zero."""

    entity: str
    at: str  # the table's clock
    visible_24s: int | None  # /24 blocks that more than half of the full-feed peers see a route to
    visible_48s: int | None
    before_24s: int | None  # a day earlier; None while the table is younger than that
    before_48s: int | None
    peer_share_v4: float | None  # share of full-feed peers that see the average announced prefix, 0..1
    peer_share_v6: float | None
    prefixes_v4: int | None  # prefixes announced by it (network) or lying in it (country)
    prefixes_v6: int | None
    moas: int | None  # its prefixes that several origins announce
    peers_v4: int  # full-feed peers in the quorum
    peers_v6: int
    simulated: bool


class RouteEvent(TypedDict):
    """A candidate for an origin hijack or a route leak: never a verdict, always with its evidence."""

    id: str
    kind: Literal["origin_change", "more_specific", "leak"]
    prefix: str  # the first prefix that showed it
    prefixes: list[str]  # all of them, at most 50
    prefix_count: int
    first_seen: str
    last_seen: str
    status: Literal["open", "ended", "dismissed"]
    suspect: int  # the new origin, or the AS that leaked
    expected: list[int]  # origins held for normal; for a leak: the networks on both sides of the leaking one
    rpki: Literal["valid", "invalid", "not_found", "unknown"]  # of the new origin; unknown: no validator's data here
    peers: int  # full-feed peers that saw it
    peers_total: int
    path: str  # one path that shows it
    confidence: float  # 0..1, a stated rule, not calibrated
    words: str  # one plain sentence
    entities: list[str]  # who is affected: keys, the networks first
    simulated: bool


RouteEvent.__annotations__["for"] = list[str]
RouteEvent.__annotations__["against"] = list[str]


class RoutingTotals(TypedDict):
    """The table as a whole. Rates are of the last whole minute; None: the table is not fed."""

    prefixes_v4: int
    prefixes_v6: int
    origins: int
    moas: int
    peers: int
    full_v4: int
    full_v6: int
    collectors: int
    messages: int | None  # in that minute
    announcements: int | None
    withdrawals: int | None
    origin_changes: int | None


class Routing(TypedDict):
    """Document ``routing``: what the stream process knows. Absent while no routing source runs."""

    at: str  # the table's clock: end of the newest evaluated minute
    source: str  # name of the source that feeds it
    state: Literal["live", "catching_up", "silent", "too_few_peers", "ended"]  # ended: a replay is over
    simulated: bool
    totals: RoutingTotals
    gaps: list[RoutingGap]  # newest first, at most 20
    peers: list[RoutingPeer]
    countries: list[RoutingView]  # all that have announced space
    losses: list[RoutingView]  # networks that lost most against a day before, at most 50
    events: list[RouteEvent]  # newest first, at most 200
    snapshot_at: str | None  # newest snapshot on disk
    caught_up_from: str | None  # when this process began from a snapshot: that snapshot's time
