"""The same elements as bgpdump 1.6.2 and ftlbgp 1.0.5 give, on every recorded file and on forms that no file has.

Where those two differ, or are not followed, docs/routing-differences.md says which is right and why; each such case is
a test here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from radar.routing import Element
from radar.routing.mrt import Tally, read
from tests.conftest import SHARED
from tests.routing import build as b
from tests.routing.build import ASN, NLRI, PEER, elements

FOLDER = SHARED / "bgp-mrt"
FILES = sorted(path.name for path in FOLDER.glob("*") if path.suffix in (".gz", ".bz2"))
NAMES = FILES or ["recorded files"]

#: Prefixes of multicast tables; bgpdump and ftlbgp give them like any other.
MULTICAST = {"bgpdump.updates.20070211.0141.gz": 151}

needs_bgpdump = pytest.mark.skipif(shutil.which("bgpdump") is None, reason="bgpdump is not installed (Debian package)")
every_file = pytest.mark.parametrize("name", NAMES)

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning:ftlbgp")]


@cache
def network(text: str) -> str:
    """A prefix as the reader writes it: without host bits, and not in IPv4's notation."""
    return str(ip_network(text, strict=False))


@cache
def address(text: str) -> str:
    return str(ip_address(text))


def ours(data: Path | bytes, *, everything: bool = True) -> list[Element]:
    body = data if isinstance(data, bytes) else data.read_bytes()
    return [
        (round(time, 6), peer, asn, kind, prefix, path)
        for time, peer, asn, kind, prefix, path in elements(body, everything=everything)
    ]


@cache
def recorded(name: str) -> list[Element]:
    """What we make of a recorded file."""
    return ours(FOLDER / name)


def bgpdump(file: Path, *options: str) -> Iterator[Element]:
    """What ``bgpdump -m`` prints. With several paths per prefix, the path identifier stands before the path."""
    command = ["bgpdump", "-m", *options, str(file)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        form, time, kind, peer, asn, *fields = line.split("|")
        who = round(float(time), 6), address(peer), int(asn)
        if kind == "STATE":
            yield *who, "S", "up" if fields[1] == "6" else "down", None
        elif kind == "W":
            yield *who, "W", network(fields[0]), None
        else:
            yield *who, kind, network(fields[0]), fields[2 if form.endswith("_AP") else 1]


def ftlbgp(file: Path) -> Iterator[Element]:
    """What ftlbgp gives. The path is written as ours is, but for what ftlbgp does not tell: see ``plain``."""
    from ftlbgp import BgpParser

    kinds = {"announce": "A", "withdraw": "W", "rib": "B"}
    with BgpParser(
        named_records=True,
        raise_on_errors=True,
        bgp_records=BgpParser.bgp.records.route | BgpParser.bgp.records.state_change,
        bgp_route=BgpParser.bgp.route.human.ALL,
        bgp_state_change=BgpParser.bgp.state_change.human.ALL,
    ) as parse:
        for record in parse(str(file)):
            moment = datetime.strptime(record.timestamp, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
            who = round(moment.timestamp(), 6), address(record.peer_ip), record.peer_as
            if record.type == "state_change":
                yield *who, "S", "up" if record.new_state == "established" else "down", None
            else:
                path = None if record.source == "withdraw" else written(record.aspath)
                yield *who, kinds[record.source], network(record.prefix), path


def written(path: Any) -> str:
    parts = ("{" + ",".join(map(str, part)) + "}" if isinstance(part, tuple) else str(part) for part in path)
    return " ".join(parts)


def plain(element: Element) -> Element:
    """As ftlbgp tells it: confederations look like the rest of the path, and sets are sorted, each member once."""
    *rest, path = element
    if path is None or not re.search(r"[({[]", path):
        return element
    marks = str.maketrans({"(": "", ")": "", "[": "{", "]": "}"})
    text = re.sub(r"[^{}]+(?=})", _once, path.translate(marks))
    return (*rest, text)  # type: ignore[return-value]


def _once(found: re.Match[str]) -> str:
    return ",".join(sorted(set(found[0].split(",")), key=int))


# ------------------------------------------------------------------ recorded files


@needs_bgpdump
@pytest.mark.shared
@every_file
def test_same_elements_in_the_same_order_as_bgpdump(name: str) -> None:
    """On every file, with nothing left out: time, peer, AS number, kind, prefix and AS path."""
    found, theirs = recorded(name), list(bgpdump(FOLDER / name))
    assert len(found) == len(theirs) > 0
    assert found == theirs


@pytest.mark.shared
@every_file
def test_same_elements_as_ftlbgp(name: str) -> None:
    """But for the time of table entries, where ftlbgp tells when the route last changed (see the next test)."""
    found, theirs = map(plain, recorded(name)), list(ftlbgp(FOLDER / name))
    assert Counter(timeless(found)) == Counter(timeless(theirs))


def timeless(found: Iterator[Element] | list[Element]) -> Iterator[tuple[Any, ...]]:
    return (element[1:] if element[3] == "B" else element for element in found)


@needs_bgpdump
@pytest.mark.shared
@pytest.mark.parametrize("name", [name for name in NAMES if "bview" in name or "rib" in name])
def test_time_of_table_entries_is_the_dumps_and_not_the_last_change(name: str) -> None:
    """bgpdump tells the dump's time unless asked for the change (``-t change``), which is what ftlbgp tells always.

    The dump's is right here: an entry says what the table held at the dump, however long ago it changed last. (When
    asked for the change, bgpdump 1.6.2 says of TABLE_DUMP_V2 what its memory happened to hold.)
    """
    found = recorded(name)
    assert [element[0] for element in found] == [element[0] for element in bgpdump(FOLDER / name)]
    changes = [element[0] for element in ftlbgp(FOLDER / name)]
    assert len(changes) == len(found)
    assert all(change <= element[0] for change, element in zip(changes, found, strict=True))
    told = {element[0] for element in bgpdump(FOLDER / name, "-t", "change")}
    assert (told == set(changes)) is ("2002" in name)


@pytest.mark.shared
@every_file
def test_only_multicast_prefixes_are_left_out_of_the_table(name: str) -> None:
    """RFC 4760: SAFI 2 is for finding the way back to a sender of multicast; packets to one receiver do not go by it.
    bgpdump and ftlbgp give such prefixes unmarked, and so do we when ``everything`` is asked for."""
    tally = Tally()
    count = sum(map(len, read((FOLDER / name).read_bytes(), source="x", tally=tally)))
    left_out = len(recorded(name)) - count
    assert left_out == tally.multicast == MULTICAST.get(name, 0)
    assert tally.announcements + tally.withdrawals + tally.states + tally.rib_entries == count + left_out
    assert not tally.rejected
    assert not tally.cut_short


# ------------------------------------------------------------------ forms that no recorded file has

V6 = b.reach(["2001:db8::/32"]) + b.unreach(["2001:db8:1::/48"])
TWO_PEERS = b.peer_index((PEER, ASN), ("2001:db8::7", 200000))
ENTRIES = ((0, b.attributes((1, 2))), (1, b.attributes((200000, 2))))


def as2(*parts: Any, more: bytes = b"") -> bytes:
    return b.bgp4mp(b.update(attrs=b.attributes(*parts, size=2, more=more), nlri=NLRI), subtype=1)


def as4_path(*parts: Any) -> bytes:
    return b.attribute(b.AS4_PATH, b.path(*parts), flags=0xC0)


def announced(*parts: Any, more: bytes = b"") -> bytes:
    return b.bgp4mp(b.update(attrs=b.attributes(*parts, more=more), nlri=NLRI))


SAME = {
    "set": announced((1, 2, 3), (b.SET, (64512, 64511))),
    "set first": announced((b.SET, (4, 5)), (1, 2, 3)),
    "set of one": announced((1, 2, 3), (b.SET, (4,))),
    "two sequences": announced((1, 2, 3), (4, 5, 6)),
    "confederations": announced((b.CONFED_SEQUENCE, (65001, 65002)), (b.CONFED_SET, (65003, 65004)), (1, 2)),
    "empty path": announced(),
    "AS4_PATH": as2((1, 23456, 3, 23456), more=as4_path((200000, 3, 400000))),
    "AS4_PATH that is longer": as2((1, 2), more=as4_path((200000, 3, 400000))),
    "AS4_PATH with a set": as2((1, 23456, 3), (b.SET, (7, 23456)), more=as4_path((3, 4), (b.SET, (7, 400000)))),
    "families": b.bgp4mp(
        b.update(withdrawn=b.prefixes("11.0.0.0/8"), attrs=b.attributes((1,), more=V6), nlri=NLRI), peer="2001:db8::7"
    ),
    "microseconds": b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=NLRI), micro=123),
    "states": b.state_change(6, 1) + b.state_change(5, 6) + b.state_change(1, 3, subtype=0),
    "ends of RIB": b.bgp4mp(b.update()) + b.bgp4mp(b.update(attrs=b.unreach([]))),
    "sent by the collector": b.bgp4mp(b.update(attrs=b.attributes((1,)), nlri=NLRI), subtype=7),
    "several paths": b.bgp4mp(
        b.update(
            withdrawn=b.prefixes("10.0.0.0/8", ids=[7]),
            attrs=b.attributes((1,)),
            nlri=b.prefixes("11.0.0.0/8", ids=[1]),
        ),
        subtype=9,
    ),
    "table": TWO_PEERS + b.rib("198.51.100.0/24", *ENTRIES) + b.rib("2001:db8::/32", *ENTRIES),
    "table of several paths": TWO_PEERS + b.rib("198.51.100.0/24", *ENTRIES, subtype=8, ids=[1, 2]),
    "older table": b.table_dump("198.51.100.0/24", b.attributes((1, 23456), size=2, more=as4_path((200000,)))),
    "older table, IPv6": b.table_dump("2001:db8::/32", b.attributes((1, 2), size=2), peer="2001:db8::9"),
}  # fmt: skip


@needs_bgpdump
@pytest.mark.parametrize("form", SAME)
def test_same_elements_as_bgpdump_on(form: str, tmp_path: Path) -> None:
    file = tmp_path / "made.mrt"
    file.write_bytes(SAME[form])
    theirs = list(bgpdump(file))
    if form in ("several paths", "table of several paths"):
        assert [element[:5] for element in theirs] == [element[:5] for element in ours(SAME[form])]
    else:
        assert theirs == ours(SAME[form])


@pytest.mark.parametrize("form", SAME)
def test_same_elements_as_ftlbgp_on(form: str, tmp_path: Path) -> None:
    file = tmp_path / "made.mrt"
    file.write_bytes(SAME[form])
    assert list(timeless(list(ftlbgp(file)))) == list(timeless(map(plain, ours(SAME[form]))))


def path_in(found: Iterator[Element] | list[Element]) -> str | None:
    return next(iter(found))[5]


DIFFERENT: dict[str, tuple[bytes, str | None, str, str]] = {
    # RFC 6793: as many leading ones of the old path as it has more than the new one; confederations do not count
    "a confederation before AS4_PATH": (
        as2((b.CONFED_SEQUENCE, (65001,)), (1, 23456, 3), more=as4_path((200000, 3))),
        "(65001) 1 200000 3", "(65001) (65001) 200000 3", "65001 1 200000 3",
    ),
    # RFC 6793: one that speaks four octets sends no AS4_PATH; one that comes anyhow is discarded
    "AS4_PATH of a four-octet peer": (
        announced((1, 2, 3), more=as4_path((200000, 3))), "1 2 3", "1 2 3", "1 200000 3",
    ),
    # RFC 7606: a route without a mandatory attribute is no route
    "no AS path": (
        b.bgp4mp(b.update(attrs=b.attribute(b.ORIGIN, b"\0"), nlri=NLRI)), None, "", "None",
    ),
    # RFC 7606: a path that does not fit its attribute is no path
    "four octets in a record of two": (
        b.bgp4mp(b.update(attrs=b.attributes((1, 2, 3)), nlri=NLRI), subtype=1), None, "! Error !", "0 1 0 0 3",
    ),
}  # fmt: skip


@needs_bgpdump
@pytest.mark.parametrize("form", DIFFERENT)
def test_where_the_two_differ_the_rfc_is_followed(form: str, tmp_path: Path) -> None:
    data, right, dump, ftl = DIFFERENT[form]
    file = tmp_path / "made.mrt"
    file.write_bytes(data)
    found = ours(data)
    assert (path_in(found) if found else None) == right
    assert path_in(bgpdump(file)) == dump
    assert str(path_in(ftlbgp(file)) if form != "no AS path" else None) == ftl


def test_every_difference_is_written_down(repo_root: Path) -> None:
    page = (repo_root / "docs" / "routing-differences.md").read_text(encoding="utf-8")
    assert {form for form in DIFFERENT if f"| {form} |" not in page} == set()
    assert re.search(r"bgpdump \d", page)
    assert re.search(r"ftlbgp \d", page)
