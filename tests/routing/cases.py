"""Rehearsals: generated streams shaped after well-known routing incidents, and companions that must stay silent.

Nothing here was recorded. Times, prefixes, AS numbers and the order of events follow published descriptions, named at
each case; peers, their paths, their number and the relations between networks are made up around them, and all messages
between are invented. They rehearse the watches; they are no measurement of them.

A world of 40 peers: 14 large networks that peer with one another, and 26 customers of theirs. Each peer speaks every
minute, as full-feed peers do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from radar.routing import Element

#: Networks that buy from nobody, peers of one another in this world.
TOPS = (174, 701, 1299, 2914, 3257, 3320, 3356, 3491, 5511, 6453, 6461, 6762, 6939, 12956)
#: Their customers, which feed the collector too: (network, its provider).
EDGES = tuple(zip(
    (1103, 1916, 2497, 2603, 3130, 3303, 3333, 3741, 4608, 5413, 5645, 6667, 7500, 8218, 8283, 9304, 11708, 12779,
     13030, 14907, 15605, 16347, 20205, 22652, 23673, 25091),
    TOPS * 2, strict=False,
))  # fmt: skip
PEERS = tuple((f"rrc{n % 4:02d}|198.18.0.{n + 1}", asn, top) for n, (asn, top) in enumerate(
    [*((top, top) for top in TOPS), *EDGES]
))  # fmt: skip

#: Everybody's everyday routes: (prefix, origin, providers).
BACKGROUND = tuple(
    (f"{first}.{second}.0.0/16", origin, (TOPS[n % 14], TOPS[(n + 5) % 14]))
    for n, (first, second, origin) in enumerate(
        (first, second, 42_000 + 50 * first + second) for first in (31, 62, 77, 80, 91) for second in range(48)
    )
)


@dataclass
class Case:
    """One rehearsal. ``dump``: the table before; ``stream``: what comes then, in order of time."""

    name: str
    about: str
    start: float
    dump: list[Element] = field(default_factory=list)
    stream: list[Element] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    vrps: list[dict[str, object]] = field(default_factory=list)

    @property
    def relations_file(self) -> bytes:
        """As an operator's file."""
        return "\n".join(["# made up for a rehearsal", *self.relations]).encode()

    @property
    def vrps_file(self) -> bytes | None:
        """As an operator's file; None where the case has none."""
        return orjson.dumps({"metadata": {"generated": int(self.start)}, "roas": self.vrps}) if self.vrps else None


def at(text: str) -> float:
    """ "2008-02-24 18:47:00" in epoch seconds, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def route(peer: tuple[str, int, int], way: Iterable[int]) -> str:
    """The path over which a peer has a route that the large network at the beginning of ``way`` tells."""
    _name, asn, top = peer
    path = [asn, *([top] if top != asn else []), *way]
    return " ".join(str(hop) for n, hop in enumerate(path) if n == 0 or hop != path[n - 1])


class Maker:
    """Builds a case: the world, then what happens. ``seed`` makes it the same every time."""

    def __init__(self, name: str, start: str, about: str, *, minutes: int, seed: int = 7) -> None:
        self.case = Case(name, about, at(start))
        self.random = random.Random(seed)
        self._minutes = minutes
        self.case.relations = [f"{a}|{b}|0" for n, a in enumerate(TOPS) for b in TOPS[n + 1 :]]
        self.case.relations += [f"{top}|{asn}|-1" for asn, top in EDGES]
        for prefix, origin, providers in BACKGROUND:
            self.case.relations += [f"{top}|{origin}|-1" for top in providers]
            self.before(prefix, (providers[0], origin))

    def before(self, prefix: str, *ways: tuple[int, ...]) -> None:
        """The table has this prefix; the peers are spread over the ways."""
        for n, peer in enumerate(PEERS):
            path = route(peer, ways[n % len(ways)])
            self.case.dump.append((self.case.start - 60.0, peer[0], peer[1], "B", prefix, path))

    def customers(self, *pairs: tuple[int, int]) -> None:
        """(provider, customer)."""
        self.case.relations += [f"{a}|{b}|-1" for a, b in pairs]

    def peers(self, *pairs: tuple[int, int]) -> None:
        """Networks that peer."""
        self.case.relations += [f"{a}|{b}|0" for a, b in pairs]

    def roa(self, prefix: str, asn: int, longest: int | None = None) -> None:
        """The holder allows this."""
        length = int(prefix.partition("/")[2])
        self.case.vrps.append({"asn": f"AS{asn}", "prefix": prefix, "maxLength": longest or length, "ta": "test"})

    def announce(self, time: float, prefix: str, way: tuple[int, ...], *, share: float = 1.0, spread: float = 25.0,
                 only: Callable[[tuple[str, int, int]], bool] = lambda _peer: True) -> None:  # fmt: skip
        """So many of the peers see this route within ``spread`` seconds."""
        chosen = [peer for peer in PEERS if only(peer)][: round(share * len(PEERS))]
        for n, peer in enumerate(chosen):
            later = 0.0 if n == 0 else self.random.uniform(0.5, spread)
            self.case.stream.append((time + later, peer[0], peer[1], "A", prefix, route(peer, way)))

    def withdraw(self, time: float, prefix: str, *, spread: float = 40.0) -> None:
        """All peers withdraw it, who has it and who has not."""
        for name, asn, _top in PEERS:
            self.case.stream.append((time + self.random.uniform(0, spread), name, asn, "W", prefix, None))

    def done(self) -> Case:
        """The case, with every peer speaking each minute, in order of time."""
        for minute in range(self._minutes):
            for n, peer in enumerate(PEERS):
                prefix, origin, providers = BACKGROUND[(minute * 11 + n) % len(BACKGROUND)]
                way = (providers[self.random.random() < 0.3], *[origin] * self.random.choice((1, 1, 1, 3)))
                moment = self.case.start + 60 * minute + 1.3 * n % 59
                self.case.stream.append((moment, peer[0], peer[1], "A", prefix, route(peer, way)))
        self.case.stream.sort(key=lambda element: (element[0], element[1]))
        return self.case


def youtube_2008() -> Case:
    """After RIPE NCC's case study of 2008: 18:47 UTC AS17557 announces the /24, AS3491 passes it on; 20:07 AS36561
    announces the same /24; 20:18 the two /25; 20:51 AS17557's route comes with prepending; 21:01 AS3491 withdraws."""
    make = Maker("youtube_2008", "2008-02-24 18:40:00", youtube_2008.__doc__ or "", minutes=150)
    make.before("208.65.152.0/22", (3356, 36561), (174, 36561))
    make.customers((3356, 36561), (174, 36561), (3491, 17557))
    make.announce(at("2008-02-24 18:47:00"), "208.65.153.0/24", (3491, 17557), share=0.9, spread=90)
    make.announce(at("2008-02-24 20:07:00"), "208.65.153.0/24", (3356, 36561), share=0.5)
    for half in ("208.65.153.0/25", "208.65.153.128/25"):
        make.announce(at("2008-02-24 20:18:00"), half, (3356, 36561), share=0.6)
    make.announce(at("2008-02-24 20:51:00"), "208.65.153.0/24", (3491, 17557, 17557), share=0.3)
    make.announce(at("2008-02-24 21:01:00"), "208.65.153.0/24", (3356, 36561))
    return make.done()


def route53_2018() -> Case:
    """After the Internet Society's account of 2018: AS16509 announces four /23; at 11:05:41 UTC AS10297 announces five
    /24 inside, which mostly AS6939 and its peers pass on; about two hours later they are gone."""
    make = Maker("route53_2018", "2018-04-24 11:00:00", route53_2018.__doc__ or "", minutes=135)
    for third in (192, 194, 196, 198):
        make.before(f"205.251.{third}.0/23", (3257, 16509), (3356, 16509))
        make.roa(f"205.251.{third}.0/23", 16509, 24)
    make.customers((3257, 16509), (3356, 16509), (6939, 10297))
    for third in (192, 193, 195, 197, 199):
        make.announce(at("2018-04-24 11:05:41"), f"205.251.{third}.0/24", (6939, 10297), share=0.35)
        make.withdraw(at("2018-04-24 12:55:00"), f"205.251.{third}.0/24")
    return make.done()


def rostelecom_2020() -> Case:
    """After accounts of Qrator and BGPmon of 2020: from 19:27:28 UTC, for about an hour, AS12389 announces more
    specific prefixes of many well-known networks, passed on by AS20764, then AS174 and others. Thirty networks here."""
    make = Maker("rostelecom_2020", "2020-04-01 19:20:00", rostelecom_2020.__doc__ or "", minutes=75)
    holders = (32934, 13335, 20940, 16509, 15169, 24940, 14061, 63949, 36351, 54113, 60781, 26496, 19679, 22822, 8075,
               16276, 46606, 20473, 32787, 13414, 2635, 36459, 14413, 40934, 53831, 30633, 394699, 55293, 62567,
               22612)  # fmt: skip
    make.customers((174, 20764), (20764, 12389))
    for n, holder in enumerate(holders):
        make.before(f"104.{n + 64}.64.0/19", (TOPS[n % 14], holder))
        make.customers((TOPS[n % 14], holder))
        for third in (69, 72):
            prefix = f"104.{n + 64}.{third}.0/24"
            make.announce(at("2020-04-01 19:27:28") + 4 * n, prefix, (174, 20764, 12389), share=0.85)
            make.withdraw(at("2020-04-01 20:28:00"), prefix)
    return make.done()


def mainone_2018() -> Case:
    """After accounts of ThousandEyes and BGPmon of 2018: from 21:13 to about 22:27 UTC AS37282 tells AS4809 of 212
    prefixes that it has from its peer AS15169; AS20485 takes them from AS4809."""
    make = Maker("mainone_2018", "2018-11-12 21:05:00", mainone_2018.__doc__ or "", minutes=100)
    prefixes = [f"172.217.{n}.0/24" for n in range(180)] + [f"216.58.{192 + n}.0/24" for n in range(32)]
    make.customers((3356, 15169), (1299, 15169), (3356, 20485), (20485, 4809), (4809, 37282))
    make.peers((37282, 15169))
    for n, prefix in enumerate(prefixes):
        make.before(prefix, (3356, 15169), (1299, 15169))
        make.announce(at("2018-11-12 21:13:00") + 0.2 * n, prefix, (3356, 20485, 4809, 37282, 15169), share=0.4)
        make.announce(at("2018-11-12 22:27:00") + 0.2 * n, prefix, (3356, 15169))
    return make.done()


def verizon_2019() -> Case:
    """After accounts on the NANOG list and of Cloudflare of 2019: from 10:34:21 to 12:37 UTC more specific prefixes of
    many networks come over AS33154, its customer AS396531 and AS701: all paths hold "701 396531 33154". The origins
    are the right ones. Twelve networks with four prefixes each here."""
    make = Maker("verizon_2019", "2019-06-24 10:30:00", verizon_2019.__doc__ or "", minutes=140)
    make.customers((701, 396531), (33154, 396531), (3356, 33154))
    holders = (13335, 16509, 32934, 714, 63949, 20940, 15169, 8075, 24940, 14061, 16276, 54113)
    for n, holder in enumerate(holders):
        make.customers((3356, holder))
        make.before(f"104.{16 + n}.0.0/18", (3356, holder))
        for third in (0, 16, 32, 48):
            prefix = f"104.{16 + n}.{third}.0/20"
            way = (701, 396531, 33154, 3356, holder)
            make.announce(at("2019-06-24 10:34:21") + n, prefix, way, share=0.75, only=lambda peer: 3356 not in peer)
            make.withdraw(at("2019-06-24 12:37:00"), prefix)
    return make.done()


def facebook_2021() -> Case:
    """After accounts of Cloudflare and the RIPE NCC of 2021: from 15:39 UTC AS32934 flaps and withdraws the prefixes of
    its name servers; later they are back. Nobody else announces them."""
    make = Maker("facebook_2021", "2021-10-04 15:30:00", facebook_2021.__doc__ or "", minutes=90)
    make.customers((3356, 32934), (1299, 32934))
    prefixes = ("129.134.30.0/24", "129.134.30.0/23", "129.134.31.0/24", "185.89.218.0/24", "185.89.219.0/24")
    for prefix in prefixes:
        make.before(prefix, (3356, 32934), (1299, 32934))
        make.announce(at("2021-10-04 15:39:10"), prefix, (1299, 32934, 32934))
        make.withdraw(at("2021-10-04 15:40:00"), prefix, spread=600)
        make.announce(at("2021-10-04 16:45:00"), prefix, (3356, 32934))
    return make.done()


def quiet_cases() -> list[Case]:
    """Honest changes, each of which a careless watch would call a hijack or a leak. None of them is a real event."""
    begin, then = "2026-03-02 10:00:00", at("2026-03-02 10:05:00")

    def maker(name: str, about: str) -> Maker:
        return Maker(name, begin, about, minutes=20)

    anycast = maker("anycast", "A fifth network joins four that announce one prefix from many places.")
    anycast.before("193.0.14.0/24", (3356, 25152), (1299, 8283), (174, 3333), (2914, 1103))
    anycast.announce(then, "193.0.14.0/24", (6939, 42), share=0.4)

    sibling = maker("sibling", "A prefix moves to another number of the same owner.")
    sibling.before("54.240.0.0/18", (3257, 16509))
    sibling.announce(then, "54.240.0.0/18", (3356, 14618))

    provider = maker("provider", "A provider announces its customer's prefix, a part of it, and hosts to be dropped.")
    provider.customers((3356, 2607), (3356, 19324))
    provider.before("147.175.0.0/16", (3356, 2607))
    provider.announce(then, "147.175.0.0/16", (3356,), only=lambda peer: 3356 not in peer)
    provider.announce(then, "147.175.8.0/24", (1299, 3356), only=lambda peer: 3356 not in peer)
    provider.announce(then, "147.175.1.9/32", (1299, 19324))
    provider.roa("147.175.0.0/16", 2607)

    allowed = maker("allowed", "The holder has signed that another network may announce it.")
    allowed.before("185.1.8.0/22", (1299, 8365))
    allowed.roa("185.1.8.0/22", 8365, 24)
    allowed.roa("185.1.8.0/22", 16347, 24)
    allowed.announce(then, "185.1.8.0/22", (1299, 16347))
    allowed.announce(then, "185.1.9.0/24", (1299, 16347))

    odd = maker("odd_peer", "One peer alone has another origin, for all it knows.")
    for n, (prefix, _origin, _providers) in enumerate(BACKGROUND):
        odd.announce(then + n, prefix, (1299, 399995), only=lambda peer: peer is PEERS[20])
    odd.roa(BACKGROUND[0][0], BACKGROUND[0][1])

    private = maker("private", "Private numbers slip out at the end of paths, at one peer and at all.")
    private.before("198.51.0.0/16", (3356, 4242))
    private.announce(then, "62.3.0.0/16", (1299, 64512), only=lambda peer: peer is PEERS[3])
    private.announce(then, "198.51.0.0/16", (3356, 4200000001))
    private.announce(then, "198.51.7.0/24", (3356, 65001))

    carried = maker("carried", "A customer without a known contract announces a part; the holder passes it on.")
    carried.before("80.249.0.0/16", (3320, 8881))
    carried.announce(then, "80.249.9.0/24", (3320, 8881, 399996))
    carried.announce(then + 1, "80.249.0.0/16", (3320, 8881, 2))  # "prepend 2" typed as a path

    cousins = maker("no_relations", "Paths between networks of which nothing is known, and a set at the end.")
    for third in range(12):
        cousins.before(f"77.9.{third}.0/24", (3356, 399990))
        cousins.announce(then + third, f"77.9.{third}.0/24", (1299, 399991, 399992, 399990))
    return [make.done() for make in (anycast, sibling, provider, allowed, odd, private, carried, cousins)]


def churn(*, minutes: int = 60, prefixes: int = 400, seed: int = 11) -> Case:
    """Ordinary life, all invented: routes move between providers, are prepended, flap, go and come back; peers lose
    their sessions; networks announce parts of their own space; a few prefixes have two origins by turns."""
    make = Maker("churn", "2026-03-02 10:00:00", churn.__doc__ or "", minutes=minutes, seed=seed)
    draw = make.random
    homes: list[tuple[str, int, tuple[int, int]]] = []
    for n in range(prefixes):
        origin, providers = 4300 + n // 3, (TOPS[n % 14], TOPS[(n + 3) % 14])
        prefix = f"{100 + n // 200}.{n % 200}.0.0/16"
        make.customers(*((top, origin) for top in providers))
        make.before(prefix, (providers[0], origin), (providers[1], origin))
        homes.append((prefix, origin, providers))
    for n in range(0, prefixes, 40):  # two networks announced these all along
        prefix, origin, providers = homes[n]
        make.before(prefix, (providers[0], origin), (providers[1], homes[n - 1][1]))
        make.customers((providers[1], homes[n - 1][1]))
    stream = make.case.stream
    for _ in range(minutes * 120):
        time = make.case.start + draw.uniform(0, 60 * minutes - 1)
        prefix, origin, providers = draw.choice(homes)
        peer = draw.choice(PEERS)
        kind = draw.random()
        way = (draw.choice(providers), *[origin] * draw.choice((1, 1, 2, 4)))
        if kind < 0.6:
            stream.append((time, peer[0], peer[1], "A", prefix, route(peer, way)))
        elif kind < 0.8:
            stream.append((time, peer[0], peer[1], "W", prefix, None))
            stream.append((time + draw.uniform(1, 90), peer[0], peer[1], "A", prefix, route(peer, way)))
        elif kind < 0.83:
            part = prefix.replace(".0.0/16", f".{draw.randrange(256)}.0/24")
            for other in draw.sample(PEERS, 30):
                stream.append((time + draw.uniform(0, 20), other[0], other[1], "A", part, route(other, way)))
        elif kind < 0.831:
            stream.append((time, peer[0], peer[1], "S", "down", None))
            stream.append((time + 20, peer[0], peer[1], "S", "up", None))
            stream.extend((time + 21, peer[0], peer[1], "A", p, route(peer, (tops[0], asn))) for p, asn, tops in homes)
        else:
            for other in draw.sample(PEERS, draw.randint(2, 30)):
                stream.append((time + draw.uniform(0, 30), other[0], other[1], "A", prefix, route(other, way)))
    return make.done()


INCIDENTS: tuple[Callable[[], Case], ...] = (
    youtube_2008, route53_2018, rostelecom_2020, mainone_2018, verizon_2019, facebook_2021,
)  # fmt: skip
