"""What the site is told of paths: the views, what they rest on, and how often."""

from __future__ import annotations

import pytest

from jobs.simulate.routes import Routes
from jobs.stream.paths import DEPENDENTS, EACH_S, PathTeller, views
from radar import people
from radar.errors import StoreUnavailable
from radar.routing.hegemony import LEAST
from radar.routing.quorum import members
from radar.routing.session import Session
from radar.shapes.paths import PathsView
from radar.store import Store, documents, keys, routes
from tests.routing.test_hegemony import BLOCKS, T, everywhere, taken


def told(made: Session, at: float = T) -> dict[str, PathsView]:
    return views(made.depend(made.close(at)), simulated=True)


def test_neighbours_of_one_are_dependents_of_the_other() -> None:
    found = told(taken(everywhere("1299 2914 5089")))
    mine, theirs = found["asn/5089"], found["asn/2914"]
    assert mine["neighbours"] == [{"asn": 2914, "share": 1.0, "since": None}]
    assert mine["transit"] == [{"asn": 1299, "hegemony": 1.0, "direct": False},
                               {"asn": 2914, "hegemony": 1.0, "direct": True}]  # fmt: skip
    assert (mine["family"], mine["viewpoints"], mine["dependents_count"]) == (4, 12, 0)
    assert theirs["dependents"] == [{"asn": 5089, "hegemony": 1.0, "users": people.of_network(5089)}]
    assert theirs["dependents_users"] == people.of_network(5089)
    assert (theirs["neighbours"], theirs["transit"], theirs["viewpoints"]) == (None, None, None), "not known, not none"


def test_a_country_has_no_neighbours_and_depends_on_who_carries_its_space() -> None:
    found = told(taken(everywhere("1299 5089")))
    places = {key: view for key, view in found.items() if key.startswith("country/")}
    assert places
    for view in places.values():
        assert view["neighbours"] is None
        assert view["transit"] == [{"asn": 1299, "hegemony": 1.0, "direct": False}]


def test_of_ipv6_is_told_only_where_there_is_no_ipv4() -> None:
    made = taken(everywhere("1299 5089"))
    made.apply([(T, f"rrc01|2001:db8::{n}", 100 + n, "B", prefix, f"{100 + n} 6939 {asn}") for n in range(12)
                for prefix, asn in (("2a00:1450::/40", 5089), ("2001:4200::/40", 12389))])  # fmt: skip
    found = told(made)
    assert (found["asn/5089"]["family"], found["asn/12389"]["family"]) == (4, 6)
    assert found["asn/12389"]["neighbours"] == [{"asn": 6939, "share": 1.0, "since": None}]
    assert [row["asn"] for row in found["asn/5089"]["neighbours"] or ()] == [1299]


def test_an_origin_that_nobody_may_be_is_not_told() -> None:
    assert "asn/64512" not in told(taken(everywhere("1299 64512")))


def test_a_list_of_dependents_has_an_end_and_says_how_many_there_are() -> None:
    made = Session("ris_live", grain_s=60, min_peers=1)
    made.apply([(T, f"rrc00|192.0.2.{n}", 100 + n, "B", f"5.0.{net}.0/24", f"{100 + n} 1299 {4_199_990_000 + net}")
                for n in range(LEAST) for net in range(DEPENDENTS + 9)])  # fmt: skip
    view = told(made)["asn/1299"]
    assert (len(view["dependents"]), view["dependents_count"]) == (DEPENDENTS, DEPENDENTS + 9)
    assert view["dependents_users"] is None, "nobody knows of them"


def published(client: Store, made: Session, *, at: float = T, teller: PathTeller | None = None) -> PathTeller:
    teller = teller or PathTeller(client, "ris_live", simulated=True)
    # every session speaks again: one of which nothing is heard is no viewpoint
    made.apply([(at, peer.key, peer.asn, "W", "8.8.8.0/24", None) for peer in made.table.peers.values()])
    teller.tell(made, made.close(at))
    return teller


def test_it_is_published_now_and_then_and_only_what_changed(client: Store) -> None:
    made = taken(everywhere("1299 5089"))
    teller = published(client, made)
    view = routes.read_paths(client, ["asn/5089"])["asn/5089"]
    assert view is not None
    assert view["neighbours"] == [{"asn": 1299, "share": 1.0, "since": None}]
    document = documents.get(client, "paths")
    assert (document["viewpoints_v4"], document["viewpoints_v6"], document["networks"]) == (12, 0, 1)
    assert (document["least"], document["at"]) == (LEAST, document["watched_from"])
    client.delete(keys.PATHS)
    published(client, made, at=T + 120, teller=teller)
    assert documents.get(client, "paths") == document, "it is not due"
    published(client, made, at=T + EACH_S, teller=teller)
    assert documents.get(client, "paths")["at"] > document["at"]
    assert not client.exists(keys.PATHS), "nothing changed, so nothing is written"
    teller.forget()
    published(client, made, at=T + EACH_S + 60, teller=teller)
    assert client.hlen(keys.PATHS) > 1, "a store that may lack it is told all"


def test_who_is_gone_is_taken_away(client: Store) -> None:
    made = taken(everywhere("1299 5089"))
    teller = published(client, made)
    made.apply([(T + 60, peer.key, peer.asn, "W", prefix, None) for peer in list(made.table.peers.values())
                for prefix in BLOCKS[1:]])  # fmt: skip
    made.apply([(T + 60, peer.key, peer.asn, "A", BLOCKS[0], f"{peer.asn} 1299 12389")
                for peer in list(made.table.peers.values())])  # fmt: skip
    published(client, made, at=T + EACH_S, teller=teller)
    found = routes.read_paths(client, ["asn/5089", "asn/12389"])
    assert found["asn/5089"] is None
    assert found["asn/12389"] is not None


def test_with_too_few_viewpoints_their_number_is_told_and_no_view(client: Store) -> None:
    published(client, taken(everywhere("1299 5089", viewpoints=4), viewpoints=4))
    document = documents.get(client, "paths")
    assert (document["viewpoints_v4"], document["networks"], document["watched_from"]) == (4, 0, None)
    assert not client.exists(keys.PATHS)


def test_a_store_that_is_away_is_told_all_the_next_time(client: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = taken(everywhere("1299 5089"))
    teller = PathTeller(client, "ris_live", simulated=True)

    def away(*_: object) -> None:
        raise StoreUnavailable("write routes: away")

    with monkeypatch.context() as patch:
        patch.setattr(routes, "write_paths", away)
        with pytest.raises(StoreUnavailable):
            published(client, made, teller=teller)
    published(client, made, at=T + 60, teller=teller)
    assert client.hlen(keys.PATHS) > 1


def test_the_simulated_table_has_viewpoints_enough_and_dependents() -> None:
    world = Routes(1, prefixes=3000, peers=24, collectors=4)
    made = Session("ris_live", grain_s=60, min_peers=10)
    world.fill(made, T)
    found = told(made)
    assert made.viewpoints == [20, 20]
    assert sum(member.full[0] for member in members(made.table, T)) == 24
    known = [view for view in found.values() if view["neighbours"]]
    assert len(known) > 500
    assert all(sum(row["share"] for row in view["neighbours"] or ()) <= 1.001 for view in known)
    assert max(view["dependents_count"] for view in found.values()) > 50
