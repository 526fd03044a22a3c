"""One routing table on its own clock: elements in, SIGNALS out, one evaluation for each bin.

A replay closes a bin when an element of a later one comes. A live stream is told the time by its driver
(:meth:`Session.close`), as the wall clock goes on also when nothing comes.

Without a quorum of full-feed peers nothing is said of visibility: no row, not a zero. Activity (announcements,
withdrawals) is counted from any peer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import polars as pl

from radar.entities import networks
from radar.routing import Element
from radar.routing.hegemony import Dependence, evaluate
from radar.routing.lasting import F64, Lasting, pairs
from radar.routing.quorum import members
from radar.routing.table import Table, Watch
from radar.routing.views import Evaluation, Evaluator
from radar.routing.ways import settle
from radar.schema import SIGNALS, Parsed, Rejected, empty_signals
from radar.shapes import RoutingView
from radar.times import rfc3339

#: Signals of visibility, by address family, and of activity.
VISIBLE = ("bgp.visible_24s", "bgp.visible_48s")
ACTIVITY = ("bgp.announcements", "bgp.withdrawals", "bgp.origin_changes")
SHARE, MOAS = "bgp.peer_share", "bgp.moas"
#: All that a session says, in the order of the catalogue.
SESSION_SIGNALS = (*VISIBLE, SHARE, *ACTIVITY, MOAS)

#: With fewer full-feed peers than this a view of the world is one of a few networks.
MIN_PEERS = 3
#: Networks whose series are kept, the largest ones; all others have their newest view.
TRACKED = 200
#: Bins that one answer may close: a file whose times leap about must not be evaluated for ever.
MAX_BINS = 2016
#: Elements that are held at once.
BATCH = 50_000
#: Times outside of these are no times of a routing message: 1995 to 2100.
FIRST_S, LAST_S = 788_918_400.0, 4_102_444_800.0

HOUR_S, DAY_S = 3600, 86_400


class Session:
    """See the module. ``networks``: how many networks get series; ``watch`` is told of new origins.

    Not for several threads.
    """

    def __init__(self, source: str, *, grain_s: int, min_peers: int = MIN_PEERS, tracked: int = TRACKED,
                 watch: Watch | None = None) -> None:  # fmt: skip
        self.source = source
        self.grain_s = grain_s
        self.table = Table()
        self.table.watch = watch
        self.evaluator = Evaluator(self.table, min_peers=min_peers)
        self.newest: Evaluation | None = None
        self.tracked: list[int] = []
        self._limit = tracked
        self._candidates: list[int] = []
        self._looked = 0
        self.tracked_at = -1
        self.days: dict[int, tuple[np.ndarray | None, np.ndarray | None]] = {}
        self.lasting = (Lasting(), Lasting())
        self.viewpoints = [0, 0]  # of the last look at paths, IPv4 and IPv6
        self._frames: list[pl.DataFrame] = []
        self._bin = -1
        self._bins = 0
        self._heard = False

    # ------------------------------------------------------------------ time

    def take(self, elements: Iterable[Element], *, collector: str = "") -> None:
        """Take in recorded elements, closing bins as their time goes by."""
        batch: list[Element] = []
        high = self._end() if self._bin >= 0 else FIRST_S
        for element in elements:
            time = element[0]
            if not FIRST_S <= time < high:  # true for NaN too
                if not FIRST_S <= time < LAST_S:
                    self.table.reject("no time between 1995 and 2100", f"{element[1]} at {time}")
                    continue
                self._feed(batch, collector)
                batch = []
                if not self._turn(time):
                    continue
                high = self._end()
            batch.append(element)
            if len(batch) >= BATCH:
                self._feed(batch, collector)
                batch = []
        self._feed(batch, collector)

    def apply(self, elements: Iterable[Element], *, collector: str = "", until: float = LAST_S) -> int:
        """Take in live elements; the driver closes bins. Returns how many there were."""
        count = self.table.take(elements, collector=collector, until=until)
        self._heard |= count > 0
        return count

    def close(self, bin_start: float, *, heard: bool = True) -> Evaluation:
        """Evaluate the bin that starts at ``bin_start`` (seconds) and begin the next one.

        ``heard``: whether anything came in it; of silence no row is made.
        """
        table = self.table
        at = bin_start + self.grain_s
        found = self.evaluator.evaluate(at, members(table, at))
        self.newest = found
        self._remember(found)
        if heard:
            self._frames.append(self._rows(found, bin_start))
            self._bins += 1
        table.age(at)
        table.settled |= found.sides[0].blocks is not None or found.sides[1].blocks is not None
        for half in table.halves:
            half.clear_logs()
        self._heard = False
        return found

    def rows(self) -> pl.DataFrame:
        """SIGNALS rows of the bins closed since the last call."""
        frames, self._frames = self._frames, []
        return pl.concat(frames) if frames else empty_signals()

    def done(self, notes: Mapping[str, int], rejected: Iterable[Rejected] = ()) -> Parsed:
        """Close the running bin and give everything as one answer's rows."""
        if self._bin >= 0:
            self.close(self._bin * self.grain_s, heard=self._heard)
            self._bin = -1
        table = self.table
        more = [Rejected(reason, count, table.examples[reason]) for reason, count in table.rejected.most_common()]
        table.rejected.clear()
        table.examples.clear()
        full = {} if self.newest is None else {
            f"full_feed_v{family}": side.peers for family, side in zip((4, 6), self.newest.sides, strict=True)
        }  # fmt: skip
        return Parsed(self.rows(), (*rejected, *more), {**notes, **full})

    def _end(self) -> float:
        return float((self._bin + 1) * self.grain_s)

    def _feed(self, batch: list[Element], collector: str) -> None:
        if batch:
            self._heard |= self.table.take(batch, collector=collector) > 0

    def _turn(self, time: float) -> bool:
        """Go to the bin of ``time``; False when the answer has closed more bins than one may."""
        if self._bin >= 0:
            if self._bins >= MAX_BINS:
                self.table.reject("more bins than one answer may span", f"at {time:.0f}")
                return False
            self.close(self._bin * self.grain_s, heard=self._heard)
        self._bin = int(time // self.grain_s)
        return True

    def unsync(self, collector: str | None = None) -> None:
        """Messages of a collector are missing (None: of all): what its peers say is not believed until it is whole."""
        for peer in self.table.peers.values():
            if collector is None or peer.collector == collector:
                peer.synced = False

    # ------------------------------------------------------------------ a day before

    def _remember(self, found: Evaluation) -> None:
        """Keep the blocks of each hour for a day."""
        hour = int(found.at) // HOUR_S
        blocks = (found.sides[0].blocks, found.sides[1].blocks)
        if blocks[0] is None and blocks[1] is None:
            return
        self.days.setdefault(hour, blocks)
        for old in [h for h in self.days if h < hour - DAY_S // HOUR_S]:
            del self.days[old]

    def before(self, at: float) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Blocks of each entity a day before ``at``, IPv4 and IPv6; None where the table is younger than that."""
        return self.days.get(int(at) // HOUR_S - DAY_S // HOUR_S, (None, None))

    # ------------------------------------------------------------------ who depends on whom

    def depend(self, found: Evaluation) -> tuple[tuple[Dependence, F64] | None, tuple[Dependence, F64] | None]:
        """Who depends on whom, IPv4 and IPv6, and since when each neighbour is one, in seconds (NaN: for as long as we
        know the origin). None with too few viewpoints. Takes seconds where the table is large."""
        table = self.table
        views = [settle(found.members, side) for side in (0, 1)]
        self.viewpoints = [len(peers) for peers in views]
        table.chains.compact(row for peer in table.peers.values() for row in peer.ways if row is not None)
        out: list[tuple[Dependence, F64] | None] = []
        for side, half in enumerate(table.halves):
            seen = evaluate(table, half, views[side], self.evaluator.country(half))
            near = None if seen is None else pairs(seen.neighbours.group, seen.neighbours.asn)
            out.append(None if seen is None or near is None else (seen, self.lasting[side].look(near, found.at)))
        return out[0], out[1]

    # ------------------------------------------------------------------ rows

    def _rows(self, found: Evaluation, bin_start: float) -> pl.DataFrame:
        """SIGNALS of one bin: all countries that the table ever held, and the tracked networks."""
        self._track(found)
        keys = self.evaluator.index.keys
        who = np.array(self.tracked, np.intp)
        who = who[who < len(found.announced)]
        names = pl.Series([keys[i] for i in who], dtype=pl.String)
        parts = []

        def add(signal: str, values: np.ndarray | None, n: int | None) -> None:
            if values is None:
                return
            mine = values[who].astype(np.float64)
            parts.append(pl.DataFrame({
                "entity": names, "signal": pl.repeat(signal, len(mine), eager=True),
                "value": pl.Series(mine).fill_nan(None),
                "n": pl.repeat(n, len(mine), dtype=pl.UInt32, eager=True),
            }))  # fmt: skip

        for signal, side in zip(VISIBLE, found.sides, strict=True):
            add(signal, side.blocks, side.peers)
        add(SHARE, found.sides[0].share(), found.sides[0].peers)
        for signal, values in zip(ACTIVITY, (found.announced, found.withdrawn, found.changed), strict=True):
            add(signal, values, None)
        several = [side.moas for side in found.sides if side.moas is not None]
        add(MOAS, sum(several[1:], several[0]) if several else None, None)
        if not parts:
            return empty_signals()
        moment = datetime.fromtimestamp(bin_start, UTC)
        return (
            pl.concat(parts)
            .filter(pl.col("value").is_not_null())
            .with_columns(pl.lit(moment).cast(pl.Datetime("us", "UTC")).alias("timebin"))
            .select(list(SIGNALS))
        )

    def _track(self, found: Evaluation) -> None:
        """Which entities get rows: countries that ever had space, and the largest networks, chosen anew each hour.
        What was once tracked stays so."""
        keys = self.evaluator.index.keys
        hour = int(found.at) // HOUR_S
        known = set(self.tracked)
        sizes = [side.blocks if family == 0 else side.blocks / 2**20
                 for family, side in enumerate(found.sides) if side.blocks is not None]  # fmt: skip
        size = sum(sizes[1:], sizes[0]) if sizes else (found.announced + found.withdrawn).astype(np.float64)
        active = size > 0
        for number in np.flatnonzero(active[: len(keys)]).tolist():
            if number not in known and keys[number].startswith("country/"):
                self.tracked.append(number)
        if hour == self.tracked_at and sizes:
            return
        self.tracked_at = hour
        table = networks()
        for number in range(self._looked, len(keys)):
            kind, _, code = keys[number].partition("/")
            if kind == "asn":
                self._candidates.append(number)
            elif kind == "geoasn":
                asn = int(code[3:])
                if asn not in table or not table[asn].home:  # else it is counted as the network itself
                    self._candidates.append(number)
        self._looked = len(keys)
        mine = np.array([n for n in self._candidates if active[n]], np.intp)
        room = self._limit - sum(not keys[n].startswith("country/") for n in self.tracked)
        fresh = [int(n) for n in mine[np.argsort(-size[mine], kind="stable")][: self._limit] if int(n) not in known]
        self.tracked += fresh[: max(0, room)]

    def views(self, found: Evaluation, *, simulated: bool) -> dict[str, RoutingView]:
        """The view of every entity that has announced space now or had it a day before."""
        keys, (v4, v6) = self.evaluator.index.keys, found.sides
        old4, old6 = self.before(found.at)
        share = (v4.share(), v6.share())
        some = np.zeros(len(keys), bool)
        for values in (v4.held, v6.held, old4, old6):
            if values is not None:
                some[: len(values)] |= values[: len(keys)] > 0
        at = rfc3339(datetime.fromtimestamp(found.at, UTC))
        moas = [side.moas for side in found.sides if side.moas is not None]
        columns = {
            "visible_24s": _whole(v4.blocks),
            "visible_48s": _whole(v6.blocks),
            "before_24s": _whole(old4),
            "before_48s": _whole(old6),
            "peer_share_v4": _parts(share[0]),
            "peer_share_v6": _parts(share[1]),
            "prefixes_v4": _whole(v4.prefixes),
            "prefixes_v6": _whole(v6.prefixes),
            "moas": _whole(sum(moas[1:], moas[0]) if moas else None),
        }
        out: dict[str, RoutingView] = {}
        for i in np.flatnonzero(some).tolist():
            row: dict[str, Any] = {name: (None if values is None else values[i] if i < len(values) else 0)
                                   for name, values in columns.items()}  # fmt: skip
            row |= {"entity": keys[i], "at": at, "peers_v4": v4.peers, "peers_v6": v6.peers, "simulated": simulated}
            out[keys[i]] = cast(RoutingView, row)
        return out


def _whole(values: np.ndarray | None) -> list[int] | None:
    return None if values is None else values.astype(np.int64).tolist()


def _parts(values: np.ndarray | None) -> list[float | None] | None:
    return None if values is None else [None if v != v else round(v, 4) for v in values.tolist()]
