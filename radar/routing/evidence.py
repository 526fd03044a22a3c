"""What speaks for a candidate and what against it: rules as rows, each with a stable id, a weight and a sentence.

The confidence of a candidate is the sum of the weights of the rules that hold, kept within 0.05 and 0.95. It orders
candidates; it is not a probability, and was not calibrated. docs/routing.md holds the same table for readers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from radar.entities import countries
from radar.labels import N_, _
from radar.routing.events import listed
from radar.routing.owners import alike, home, label
from radar.routing.relations import Relations

if TYPE_CHECKING:
    from radar.routing.book import Candidate

#: Candidates below this are not shown: what speaks against them weighs as much as what speaks for them.
SHOWN = 0.3
LEAST, MOST = 0.05, 0.95

#: From this share of the full-feed peers on it is seen "widely".
WIDELY = 0.5
#: A change that nearly all peers follow at once looks like a transfer.
MOVED = 0.9
#: So many networks hit by one suspect within ten minutes are a burst; so many, and further ones are told as one.
BURST, WIDE = 3, 20
#: A leak of so many prefixes, or of prefixes of so many networks, is no private arrangement.
MANY_PREFIXES, MANY_NETWORKS = 20, 5
#: With so many customers a network has contracts that no simple relation describes.
LARGE = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. ``says`` is a message with named places."""

    id: str
    side: Literal["for", "against"]
    weight: float
    says: str


_ROWS = (
    # a new origin
    Rule("origin_seen", "for", 0.30, N_("{peers} of {total} full-feed peers, of {networks} networks, saw it.")),
    Rule("rpki_invalid", "for", 0.30,
         N_("RPKI: by what the holder signed, {suspect} may not announce it, and {holder} may announce this space.")),
    Rule("rpki_covered", "for", 0.10,
         N_("RPKI: by what the holder signed, neither {suspect} nor {holder} may announce it.")),
    Rule("burst", "for", 0.15, N_("It announced space of {victims} networks within ten minutes.")),
    Rule("more_specific", "for", 0.10,
         N_("The prefix is new and lies inside {covering}: routers prefer it wherever it arrives.")),
    Rule("widely", "for", 0.10, N_("More than half of the full-feed peers saw it.")),
    Rule("unrelated", "for", 0.10, N_("The relations file knows both networks, and no contract between them.")),
    Rule("similar_names", "against", -0.20,
         N_("The names of both networks begin alike: one owner may stand behind both.")),
    Rule("several_origins", "against", -0.20, N_("Before, {expected} announced it: several at a time are usual here.")),
    Rule("one_country", "against", -0.10,
         N_("Both are at home in {country}: a sale, a merger or a new contract is more likely.")),
    Rule("relations_unknown", "against", -0.10,
         N_("Whether the two networks have a contract is not known here.")),
    Rule("moved", "against", -0.10, N_("Nearly all peers follow it at once, as when space is handed over.")),
    Rule("rpki_not_found", "against", 0.0, N_("RPKI: the holder has signed nothing for this space.")),
    Rule("rpki_unknown", "against", 0.0, N_("RPKI: no validator's data of that time are at hand.")),
    Rule("origin_ordinary", "against", 0.0,
         N_("A lease, protection against an attack, or a slip in a configuration looks the same from outside.")),
    # a route leak
    Rule("leak_seen", "for", 0.30,
         N_("{peers} of {total} full-feed peers, of {networks} networks, have routes over it.")),
    Rule("leak_networks", "for", 0.15, N_("Space of {origins} networks is in it.")),
    Rule("leak_new", "for", 0.15,
         N_("On no day before was such a path seen over it; the watch began {days} days ago.")),
    Rule("leak_prefixes", "for", 0.10, N_("{prefixes} prefixes are in it.")),
    Rule("leak_widely", "for", 0.10, N_("More than half of the full-feed peers have routes over it.")),
    Rule("leak_hairpin", "for", 0.10, N_("It leads from one of its own providers to another, which nobody buys.")),
    Rule("leak_large", "against", -0.15,
         N_("It has {customers} customers: contracts of so large a network are seldom plain.")),
    Rule("leak_one_network", "against", -0.05,
         N_("Only space of {origin} is in it: an agreement between these networks would look the same.")),
    Rule("leak_inferred", "against", 0.0,
         N_("Relations between networks are inferred from routes, and some of them are wrong.")),
    # why a candidate was taken back
    Rule("now_usual", "against", 0.0, N_("It has lasted for days: it is taken for the new normal.")),
    Rule("now_valid", "against", 0.0, N_("RPKI: the holder has meanwhile allowed it.")),
    Rule("now_related", "against", 0.0, N_("The two networks have turned out to be related.")),
    Rule("now_explained", "against", 0.0, N_("A newer file of relations explains it.")),
    Rule("now_lost", "against", 0.0, N_("Too much came at once to follow it to its end.")),
    Rule("now_carried", "against", 0.0, N_("The holder itself passes the route on.")),
)  # fmt: skip

RULES: dict[str, Rule] = {row.id: row for row in _ROWS}

#: What holds of a candidate: rule ids with the values of their sentences, in the order in which they are told.
Held = Iterable[tuple[str, dict[str, object]]]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The outcome: confidence 0..1, and the sentences of both sides."""

    confidence: float
    pro: list[str]
    con: list[str]


def weigh(held: Held) -> Weighed:
    """Add up what holds, and say it.

    Examples
    --------
    >>> weigh([("more_specific", {"covering": "208.65.152.0/22"}), ("rpki_unknown", {})]).confidence
    0.1
    """
    total = 0.0
    pro: list[str] = []
    con: list[str] = []
    for name, values in held:
        rule = RULES[name]
        total += rule.weight
        (pro if rule.side == "for" else con).append(_(rule.says).format(**values))
    return Weighed(round(min(max(total, LEAST), MOST), 2), pro, con)


def of_origin(event: Candidate, share: float, relations: Relations | None) -> Iterator[tuple[str, dict[str, object]]]:
    """The rules that hold of a new origin. ``share``: of the full-feed peers, those that saw it."""
    suspect, expected = event.suspect, event.expected
    yield "origin_seen", {"peers": event.peers, "total": event.peers_total, "networks": event.networks}
    if event.rpki == "invalid":
        names: dict[str, object] = {"suspect": label(suspect), "holder": label(event.holder or expected[0])}
        yield ("rpki_invalid" if event.holder else "rpki_covered"), names
    if event.victims >= BURST:
        yield "burst", {"victims": event.victims}
    if event.kind == "more_specific":
        yield "more_specific", {"covering": event.covering}
    if event.kind != "more_specific" and share >= MOVED:
        yield "moved", {}
    elif share > WIDELY:
        yield "widely", {}
    if relations is not None and relations.knows(suspect) and all(map(relations.knows, expected)):
        yield "unrelated", {}
    else:
        yield "relations_unknown", {}
    if any(alike(suspect, asn) == "similar" for asn in expected):
        yield "similar_names", {}
    if len(expected) > 1 and event.victims <= WIDE:
        yield "several_origins", {"expected": listed(expected)}
    country = home(suspect)
    if country and all(home(asn) == country for asn in expected):
        yield "one_country", {"country": countries()[country].name}
    if event.rpki in ("not_found", "unknown"):
        yield f"rpki_{event.rpki}", {}
    yield "origin_ordinary", {}


def of_leak(event: Candidate, share: float, *, origins: list[int], hairpin: bool, quiet_days: int,
            customers: int) -> Iterator[tuple[str, dict[str, object]]]:  # fmt: skip
    """The rules that hold of a leak. ``origins``: whose space is in it; ``hairpin``: from a provider to a provider;
    ``quiet_days``: how long no such path was seen; ``customers``: of the leaking network."""
    yield "leak_seen", {"peers": event.peers, "total": event.peers_total, "networks": event.networks}
    if len(origins) >= MANY_NETWORKS:
        yield "leak_networks", {"origins": f"{len(origins):,}"}
    if quiet_days >= 1:
        yield "leak_new", {"days": quiet_days}
    if len(event.prefixes) >= MANY_PREFIXES:
        yield "leak_prefixes", {"prefixes": f"{len(event.prefixes):,}"}
    if share > WIDELY:
        yield "leak_widely", {}
    if hairpin:
        yield "leak_hairpin", {}
    if customers >= LARGE:
        yield "leak_large", {"customers": f"{customers:,}"}
    if len(origins) == 1:
        yield "leak_one_network", {"origin": label(origins[0])}
    yield "leak_inferred", {}
