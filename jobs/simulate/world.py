"""The simulated world of ``make demo``: 28 days of history, then fourteen hours of raw upstream bytes.

Same seed, same world: every part draws from a stream of its own (PCG64), bins can be asked for in any order, and
expected counts are rounded before they are drawn from, so that the last digit of another processor's ``exp`` does not
matter. Nothing here is a measurement; every name, label and row says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from jobs.simulate.context import senders as context_senders
from jobs.simulate.dns import Resolver
from jobs.simulate.history import LABEL, History, seen_entities
from jobs.simulate.hours import history as history_hours
from jobs.simulate.places import Places
from jobs.simulate.play import Play
from jobs.simulate.rates import FIRST, Rates
from jobs.simulate.scenario import BIN, ENDS, SCENARIO, STARTS, Event
from jobs.simulate.status import StatusSender
from jobs.simulate.waf import Waf
from radar.aggregate.bins import Block
from radar.sources import Answer
from radar.times import rfc3339

SEED = 20260302


class Sender(Protocol):
    """Somebody whose answers are played too, under the name of the source that reads them."""

    source: str

    def answers(self, number: int) -> Iterator[Answer]:
        """What comes when bin ``number`` (5 minutes each, counted from ``jobs.simulate.rates.FIRST``) has ended."""


class World:
    """One simulated world. Making it takes about half a second, most of it reading the network table."""

    def __init__(self, seed: int = SEED) -> None:
        self.seed = seed
        #: First and last moment of the played hours. The history ends where they begin.
        self.starts: datetime = STARTS
        self.ends: datetime = ENDS
        #: Where the history begins.
        self.first: datetime = FIRST
        #: What happens in the played hours, in order of onset; see :class:`jobs.simulate.scenario.Event`.
        self.scenario: list[Event] = list(SCENARIO)
        self._rates = Rates(seed)
        self._play = Play(self._rates)
        #: Our resolvers.
        self.resolver = Resolver(seed, self._rates.places)
        #: Who else is heard in the played hours, besides the edge and the routes.
        self._others: tuple[Sender, ...] = (
            StatusSender(), self.resolver, Waf(seed, self._rates.places), *context_senders(),
        )  # fmt: skip

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources whose answers are played."""
        return ("edge_logs", "ioda_signals", *(sender.source for sender in self._others))

    @property
    def places(self) -> Places:
        """Who lives in it: countries, networks, providers."""
        return self._rates.places

    @cached_property
    def _history(self) -> History:
        return History(self._rates)

    def write_history(self, path: Path) -> Path:
        """Write the 28 days before ``starts`` as one Parquet file in the form of ``radar.schema.ARCHIVED``.

        Sorted by signal, entity, timebin; ``received_at`` is the bin's end; about 14 million rows in under 30 MB. The
        file appears whole or not at all. Raises ArchiveError when it cannot be written.
        """
        return self._history.write(path)

    def history_entities(self) -> dict[str, list[str]]:
        """The entities of the history by group name, sorted."""
        routed = sorted(self._rates.places.ioda)
        return {"edge": [entity.key for entity in seen_entities(self._rates)], "ioda5": routed, "ioda10": routed}

    def history_blocks(self) -> Iterator[Block]:
        """The same history laid out in bins, some entities at a time; an entity occurs in one block of a group, and the
        blocks of a group come in a row. A NaN in ``n`` also stands for "the upstream does not say"."""
        return self._history.blocks()

    def hours_history(self) -> tuple[Block, Block]:
        """The hours of the same 28 days: see :func:`jobs.simulate.hours.history`."""
        return history_hours(self._history)

    def forget_history(self) -> None:
        """Give back the memory that the history took. It is drawn anew, and the same, when it is asked for again."""
        self.__dict__.pop("_history", None)

    def answers(self, since: datetime, until: datetime) -> Iterator[tuple[str, Answer]]:
        """(source name, answer) for each bin that ends in ``(since, until]`` and within the played hours, oldest first.

        Per bin one answer of ``edge_logs`` and one of ``ioda_signals``.
        """
        first = (max(since, self.starts) - FIRST) // BIN
        for number in range(first, (min(until, self.ends) - FIRST) // BIN):
            yield "edge_logs", self._play.edge(number)
            yield "ioda_signals", self._play.ioda(number)
            for sender in self._others:
                yield from ((sender.source, answer) for answer in sender.answers(number))

    def index(self) -> dict[str, Any]:
        """What there is, in a few numbers and names, for documentation and logs."""
        places = self._rates.places
        kinds = [entity.key.partition("/")[0] for entity in seen_entities(self._rates)]
        return {
            "label": LABEL,
            "seed": self.seed,
            "history_from": rfc3339(self.first),
            "starts": rfc3339(self.starts),
            "ends": rfc3339(self.ends),
            "entities": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
            "routed": len(places.ioda),
            "too_small": list(places.tiny),
            "events": [
                {
                    "id": event.id,
                    "title": event.title,
                    "entities": list(event.entities),
                    "start": rfc3339(event.start),
                    "end": None if event.end is None else rfc3339(event.end),
                    "expect": event.expect,
                    "shaped_after": event.shaped_after,
                    "figure": event.figure,
                    "citation": event.citation,
                }
                for event in self.scenario
            ],
        }
