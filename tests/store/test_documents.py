"""Publications over a real server: whole or not at all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from radar import store
from radar.errors import StoreUnavailable
from radar.shapes import EntityState
from radar.store import Store, documents, keys, lease


def state(words: str) -> EntityState:
    """A state that carries a text."""
    return {
        "state": "ok",
        "since": None,
        "outage": None,
        "words": words,
        "depth": None,
        "simulated": True,
        "series": [],
    }


def test_nothing_published_is_none_and_version_zero(client: Store) -> None:
    assert documents.get(client, "outages") is None
    assert documents.get_many(client, ["clock", "outages"]) == {"clock": None, "outages": None}
    assert documents.version(client) == 0
    assert documents.states(client) == {}
    assert documents.state(client, "country/IQ") is None
    assert documents.blob(client, "edge") is None
    assert documents.read(client, ["clock"], states=True) == documents.Published(0, {"clock": None}, {})


def test_a_publication_comes_back_and_counts_the_version_up(client: Store) -> None:
    docs: dict[str, Any] = {"outages": [{"id": "x", "depth": None}], "clock": {"now": "2026-03-02T00:20:00Z"}}
    assert documents.publish(client, docs, {"country/IQ": state("a")}, {"edge": b"\0\xff"}) == 1
    assert documents.publish(client, {}) == 2
    assert documents.version(client) == 2
    assert documents.get_many(client, ["outages", "clock"]) == docs
    assert documents.states(client) == {"country/IQ": state("a")}
    assert documents.state(client, "country/IQ") == state("a")
    assert documents.blobs(client, ["edge", "none"]) == {"edge": b"\0\xff", "none": None}
    found = documents.read(client, ["clock"], states=["country/IQ", "country/IR"])
    assert (found.version, found.docs["clock"], found.states) == (2, docs["clock"], {"country/IQ": state("a")})


def test_none_removes_and_what_is_not_named_stays(client: Store) -> None:
    documents.publish(
        client, {"notice": {"text": "x"}, "clock": 1}, {"asn/1": state("a"), "asn/2": state("b")}, {"m": b"1"}
    )
    documents.publish(client, {"notice": None}, {"asn/1": None}, {"m": None})
    assert documents.get_many(client, ["notice", "clock"]) == {"notice": None, "clock": 1}
    assert set(documents.states(client)) == {"asn/2"}
    assert documents.blob(client, "m") is None


def test_a_datetime_is_refused_and_nothing_is_written(client: Store) -> None:
    with pytest.raises(TypeError, match="document 'clock' is not JSON"):
        documents.publish(client, {"outages": [], "clock": {"now": datetime(2026, 3, 2, tzinfo=UTC)}})
    assert client.dbsize() == 0


def test_a_nan_is_read_as_not_known(client: Store) -> None:
    documents.publish(client, {"quality": [float("nan")]})
    assert documents.get(client, "quality") == [None]


def test_a_broken_document_is_an_error_not_a_miss(client: Store) -> None:
    client.set(keys.document("outages"), b'[{"id":')
    with pytest.raises(StoreUnavailable, match="document 'outages' in the store is not JSON"):
        documents.get(client, "outages")


def test_a_reader_never_sees_two_publications_mixed(client: Store, url: str) -> None:
    rounds = 40
    failed: list[BaseException] = []

    def write() -> None:
        try:
            with store.connect(url, timeout_s=10) as writer:
                for n in range(1, rounds + 1):
                    documents.publish(
                        writer,
                        {"a": n, "b": [n] * 200_000, "c": n},
                        {f"asn/{i}": state(str(n)) for i in range(2000)},
                        {"m": b"%d" % n},
                    )
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    seen = set()
    while thread.is_alive():
        got = documents.read(client, ["a", "b", "c"], states=True)
        if got.version:
            assert got.docs == {"a": got.version, "b": [got.version] * 200_000, "c": got.version}
            assert {row["words"] for row in got.states.values()} == {str(got.version)}
        many = documents.get_many(client, ["a", "b", "c"])
        assert many["a"] == many["c"]
        assert many["b"] in (None, [many["a"]] * 200_000)
        seen.add(got.version)
    thread.join()
    assert not failed
    assert documents.version(client) == rounds
    assert len(seen) > 3, "the reader saw the writer at work"


def test_only_one_worker_holds_a_lease(client: Store) -> None:
    with lease.lock(client, "tick", 30) as first:
        assert first is not None
        with lease.lock(client, "tick", 30) as second:
            assert second is None
        with lease.lock(client, "collect", 30) as other:
            assert other is not None
        assert first.renew()
    with lease.lock(client, "tick", 30) as again:
        assert again is not None


def test_a_lease_runs_out_by_itself(client: Store) -> None:
    assert lease.acquire(client, "tick", 30) is not None
    assert 0 < client.pttl(keys.lease("tick")) <= 30_000


def test_a_worker_that_lost_its_lease_publishes_nothing(client: Store) -> None:
    slow = lease.acquire(client, "tick", 30)
    assert slow is not None
    assert documents.publish(client, {"clock": 1}, lease=slow) == 1
    client.delete(slow.key)  # it ran out
    fast = lease.acquire(client, "tick", 30)
    with pytest.raises(StoreUnavailable, match="the lease tick is held by another worker; nothing was written"):
        documents.publish(client, {"clock": 2}, lease=slow)
    assert documents.publish(client, {"clock": 3}, lease=fast) == 2
    assert not slow.renew()
    assert not slow.release(), "the other worker's lease is not given back by us"
    assert fast is not None
    assert fast.release()
    assert documents.get(client, "clock") == 3


def test_a_worker_that_renews_its_lease_in_mid_publication_has_not_lost_it(client: Store) -> None:
    held = lease.acquire(client, "tick", 30)
    assert held is not None
    renewals = [True, True]

    def renew(_pipe: Any) -> None:
        if renewals:
            assert held.renew() is renewals.pop()

    assert documents.publish(client, {"clock": 1}, lease=held, within=renew) == 1

    def lose(_pipe: Any) -> None:
        client.set(held.key, b"another worker's")

    with pytest.raises(StoreUnavailable, match="the lease tick is held by another worker; nothing was written"):
        documents.publish(client, {"clock": 2}, lease=held, within=lose)
    assert documents.get(client, "clock") == 1


def test_clear_deletes_what_is_ours_and_nothing_else(client: Store) -> None:
    client.set("huey.queue", b"1")
    documents.publish(client, {str(i): i for i in range(6000)})
    assert store.clear(client) == 6001
    assert list(client.scan_iter()) == [b"huey.queue"]
