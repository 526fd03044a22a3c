"""Sources: one module per upstream dataset, found by name. A file that starts with ``_`` is a helper.

A source module has

``SOURCE``
    a :class:`radar.sources.Source` record; the schedule, the sources page, credits, licences and contract tests
    come from it.
``fetch(http, since, until) -> Iterator[Answer]``
    ask the upstream for ``[since, until)``; each answer is archived as it came before anything reads it. Where
    ``SOURCE.shards`` says that it can be cut, it takes ``shard=`` too, and asks for that part alone.
``parse(body, *, name="") -> Parsed``
    pure and total: any bytes give rows and rejections, or raise ``UpstreamChanged``. ``name`` is the answer's name:
    the file name or the address, which for some upstreams is the only place that names the country or the month.

and may have

``details(body, *, name="") -> list[dict]``
    plain rows for ``radar try`` of what its signals come from.
``stream(ws) -> Iterator[bytes | None]``
    messages of what is listened to and not asked (``radar stream``).
``together(files) -> Parsed``
    answers that only make sense together, each as its name and what loads its bytes.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import repeat
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable
from zlib import crc32

if TYPE_CHECKING:
    from radar.http import Http
    from radar.schema import Parsed
    from radar.ws import Ws


@dataclass(frozen=True, slots=True)
class Answer:
    """One upstream answer as it came: its name (file name or address) and its bytes."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of what a source asks for: part ``number`` (from 0) of ``of``. Which part an item belongs to follows from
    its name alone, so that all workers agree on it, and a list that grows moves nothing."""

    number: int = 0
    of: int = 1

    @property
    def label(self) -> str:
        """``2of4``; "" for the whole."""
        return f"{self.number + 1}of{self.of}" if self.of > 1 else ""

    def name(self, source: str) -> str:
        """``ioda_signals.2of4``; the source's own name for the whole."""
        return f"{source}.{self.label}" if self.of > 1 else source

    def take(self, items: Iterable[str]) -> list[str]:
        """The items of this part, in their order."""
        return [item for item in items if crc32(item.encode()) % self.of == self.number]


#: All that a source asks for.
WHOLE = Shard()


@dataclass(frozen=True, slots=True)
class Source:
    """What the project says about one upstream dataset.

    ``signals`` maps each signal id the source may give to its native grain in seconds (``MONTH_S`` for a month). Empty:
    it tells of happenings and has no series (``radar/shapes/context.py``).
    ``cadence_s``: how often it is asked. ``lag_s``: how old its newest bin normally is, counted from the bin's end;
    later than twice that is late. ``absent_is_zero``: count signals of which a missing row means zero, provided
    that the source delivered that bin for others. ``setting``: the setting that must be set for it to be collected.
    ``proof``: what its parser was proven against: "recorded" answers, the "documented" form only, or "own": the form is
    this project's own. ``terms``: in a sentence, what the upstream asks of whoever uses its data beyond naming it; such
    a source is collected only where the setting ``accept_terms`` names it. "": the data are open. ``derived_from``:
    the sources, with commas, that it is worked out from; it has no upstream of its own and is never asked.
    ``shards``: into so many parts what it asks for is cut, each of which any worker may ask for at its own time. 1: it
    is asked as a whole, because it is a few requests, or because its place lies in the data folder, as that of logs.
    ``past_hours``: for any span of the past that is no longer, ``fetch`` gives all of it (`radar backfill`). 0: it
    tells of what is now, or of what lies there. ``settle_s``: bins that ended less than this before the end of a span
    are left out of it, as what is measured in them is still coming in; 0 where upstream says itself what is whole.
    """

    name: str
    title: str
    org: str
    url: str
    info_url: str
    licence: str
    licence_url: str
    attribution: str
    cadence_s: int
    lag_s: int
    signals: dict[str, int]
    summary: str
    absent_is_zero: frozenset[str] = field(default_factory=frozenset)
    setting: str = ""
    proof: str = "recorded"
    terms: str = ""
    derived_from: str = ""
    shards: int = 1
    past_hours: int = 0
    settle_s: int = 0

    def parts(self) -> tuple[Shard, ...]:
        """All its parts; the whole alone where it is not cut."""
        return tuple(map(Shard, range(self.shards), repeat(self.shards)))


class SourceModule(Protocol):
    """The shape of a source module."""

    SOURCE: Source

    def fetch(self, http: Http, since: datetime, until: datetime) -> Iterator[Answer]:
        """Ask the upstream for the half-open range."""

    def parse(self, body: bytes, *, name: str = "") -> Parsed:
        """Turn one answer into SIGNALS."""


class Cut(SourceModule, Protocol):
    """A source that is asked in parts."""

    def fetch(self, http: Http, since: datetime, until: datetime, *, shard: Shard = WHOLE) -> Iterator[Answer]:
        """Ask the upstream for the half-open range, of that part alone."""


@runtime_checkable
class Streaming(Protocol):
    """A source that is listened to."""

    SOURCE: Source

    def stream(self, ws: Ws, *, url: str = "") -> Iterator[bytes | None]:
        """Messages as they come; None each second in which none came."""


@lru_cache(maxsize=1)
def discover() -> dict[str, SourceModule]:
    """All source modules by name. A module without a ``SOURCE`` of its own name is an error."""
    found: dict[str, SourceModule] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.name.startswith("_"):
            continue
        module: ModuleType = importlib.import_module(f"{__name__}.{info.name}")
        source = getattr(module, "SOURCE", None)
        if not isinstance(source, Source) or source.name != info.name:
            raise TypeError(f"radar/sources/{info.name}.py needs SOURCE = Source(name={info.name!r}, ...)")
        found[info.name] = cast(SourceModule, module)
    return found


def get(name: str) -> SourceModule:
    """The source module of that name. Raises KeyError with the names there are."""
    try:
        return discover()[name]
    except KeyError:
        raise KeyError(f"no source {name!r}; there are {', '.join(sorted(discover()))}") from None
