"""What the site is told of the routing table: document ``routing``, and the hash of every network's view."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from jobs.stream.follow import Follower, Minute
from jobs.stream.paths import PathTeller
from radar.entities import networks
from radar.routing.quorum import Member
from radar.shapes import RouteEvent, Routing, RoutingPeer, RoutingTotals, RoutingView
from radar.store import Store, documents, lineage, routes
from radar.times import rfc3339

#: Lists of the document are cut at these lengths.
LOSSES, EVENTS, GAPS, PEERS, PREFIXES = 50, 200, 20, 2000, 12
#: A network is listed among the losses from this part of its space on, and from so many blocks.
LOST_PART, LOST_BLOCKS = 0.1, 5


class Teller:
    """Writes what changed since it last wrote; a new one writes everything."""

    def __init__(self, client: Store, source: str, *, simulated: bool = False) -> None:
        self._client = client
        self._source = source
        self._simulated = simulated
        self._told: dict[str, RoutingView] = {}
        self._primaries: list[str] = []
        self._paths = PathTeller(client, source, simulated=simulated)

    def tell(self, follower: Follower, minute: Minute, *, events: Collection[RouteEvent] = (),
             snapshot_at: float | None = None, caught_up_from: float | None = None) -> Routing:  # fmt: skip
        """Publish the table as of this minute. Raises StoreUnavailable; the next call then writes it all."""
        views = follower.session.views(minute.found, simulated=self._simulated)
        document = self._document(follower, minute, views, events)
        document["snapshot_at"] = _text(snapshot_at)
        document["caught_up_from"] = _text(caught_up_from)
        if (primaries := lineage(self._client)) != self._primaries:
            self._told, self._primaries = {}, primaries  # one that took over may lack what was told
            self._paths.forget()
        if follower.state(minute) == "live":
            fresh = {key: view for key, view in views.items() if not _same(view, self._told.get(key))}
            gone = [key for key in self._told if key not in views]
            try:
                routes.write(self._client, fresh, gone)
            except BaseException:
                self._told = {}
                raise
            self._told = views
            self._paths.tell(follower.session, minute.found)
        documents.put(self._client, "routing", document)
        return document

    def _document(self, follower: Follower, minute: Minute, views: Mapping[str, RoutingView],
                  events: Collection[RouteEvent]) -> Routing:  # fmt: skip
        found = minute.found
        return {
            "at": rfc3339(datetime.fromtimestamp(found.at, UTC)),
            "source": self._source,
            "state": follower.state(minute),
            "simulated": self._simulated,
            "totals": totals(minute, views),
            "gaps": follower.open_gaps()[:GAPS],
            "peers": [_peer(member) for member in found.members[:PEERS]],
            "countries": sorted((v for k, v in views.items() if k.startswith("country/")), key=lambda v: v["entity"]),
            "losses": losses(views),
            "events": [
                _short(e) for e in sorted(events, key=lambda e: (e["first_seen"], e["id"]), reverse=True)[:EVENTS]
            ],
            "snapshot_at": None,
            "caught_up_from": None,
        }


def totals(minute: Minute, views: Mapping[str, RoutingView]) -> RoutingTotals:
    """The table as a whole, and the minute's activity."""
    found, counts = minute.found, minute.counts
    heard = minute.heard
    return {
        "prefixes_v4": found.visible[0],
        "prefixes_v6": found.visible[1],
        "origins": found.networks,
        "moas": sum(v["moas"] or 0 for k, v in views.items() if k.startswith("country/")),
        "peers": len(found.members),
        "full_v4": found.sides[0].peers,
        "full_v6": found.sides[1].peers,
        "collectors": len({member.peer.collector for member in found.members}),
        "messages": counts.messages if heard else None,
        "announcements": counts.announcements if heard else None,
        "withdrawals": counts.withdrawals if heard else None,
        "origin_changes": counts.changes if heard else None,
    }


def losses(views: Mapping[str, RoutingView]) -> list[RoutingView]:
    """Networks that lost most IPv4 space against a day before, the largest loss first."""
    found = []
    table = networks()
    for key, view in views.items():
        now, before = view["visible_24s"], view["before_24s"]
        if key.startswith("country/") or now is None or not before:
            continue
        network = table.get(int(key.rpartition("-")[2])) if key.startswith("geoasn/") else None
        if network is not None and network.home:
            continue  # nearly all of it lies in one country: it is told as the network itself
        lost = before - now
        if lost >= LOST_BLOCKS and lost >= LOST_PART * before:
            found.append((lost, key, view))
    return [view for _, _, view in sorted(found, key=lambda row: (-row[0], row[1]))[:LOSSES]]


def _short(event: RouteEvent) -> RouteEvent:
    """A candidate with its first prefixes; how many there are stands beside them."""
    short = event.copy()
    short["prefixes"] = event["prefixes"][:PREFIXES]
    return short


def _peer(member: Member) -> RoutingPeer:
    peer = member.peer
    return {
        "collector": peer.collector,
        "asn": peer.asn,
        "peer": peer.address,
        "state": member.state,
        "full_v4": member.full[0],
        "full_v6": member.full[1],
        "prefixes_v4": member.prefixes[0],
        "prefixes_v6": member.prefixes[1],
        "last_heard": _text(peer.heard or None),
    }


def _same(view: RoutingView, told: RoutingView | None) -> bool:
    """Whether nothing but the time has changed; the time of the table stands in the document."""
    return told is not None and {**told, "at": ""} == {**view, "at": ""}


def _text(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(datetime.fromtimestamp(seconds, UTC))
