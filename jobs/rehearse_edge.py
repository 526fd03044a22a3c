"""Request logs in the demo, on their way to the archive: counted as ``radar.sources.edge_logs`` counts files.

The lines of a played bin become partials, and whole bins of partials are what is archived, as ``fetch`` would give
them: addresses of clients end here, a late line changes the bin that it belongs to, and an hour is the merged partials
of its twelve bins, distinct clients among them. Only where lines lie and how far they were read is not played
(``radar.sources._log_source`` keeps that in files): a bin's lines come at once, and what is kept is in memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl

from radar.schema import Rejected
from radar.sources import Answer, edge_logs
from radar.sources._edge_counts import merged
from radar.sources._log_files import Chunk
from radar.sources._log_source import packed
from radar.sources._rejections import Rejections

BIN_S, HOUR_S = 300, 3600
#: Bins are kept at least this long for their hour, and for lines that come late.
KEPT_S = 2 * HOUR_S
#: Bins of an hour that are merged at once.
AT_ONCE = 3
#: Fields whose partials are merged together; () is all others.
KINDS: tuple[tuple[str, ...], ...] = (("client",), ("rtt",), ())


class EdgeRehearsal:
    """Counts the lines of one bin after the other."""

    def __init__(self) -> None:
        #: Start of a bin (epoch s) -> its partials as compressed Arrow IPC, a tenth of what they take as a table.
        self._bins: dict[int, bytes] = {}

    def answers(self, lines: Answer, until: datetime) -> Iterator[Answer]:
        """What one answer of lines changes of the bins and hours that ended by ``until``: whole ones, oldest first.

        Lines of bins that are not kept any more, or have not ended, are rejected.
        """
        end = int(until.timestamp())
        oldest = (end - KEPT_S) // HOUR_S * HOUR_S  # whole hours: one of which bins are gone cannot be told again
        rejected = Rejections()
        found = edge_logs.count(Chunk(lines.name, "lines", lines.body, 1), rejected)
        inside = pl.col("bin").is_between(oldest, end - BIN_S)
        outside = found.filter(~inside & (pl.col("field") == "requests"))
        if outside.height:
            rejected.add("time is not of the bins that are kept", lines.name, int(outside["amount"].sum()))
        lost: tuple[Rejected, ...] = rejected.done()
        changed = found.filter(inside).partition_by("bin", as_dict=True)
        for (start,), part in sorted(changed.items()):
            kept = self._bins.get(start)
            whole = part if kept is None else merged([pl.read_ipc(io.BytesIO(kept)), part])
            self._bins[start] = _ipc(whole)
            yield Answer(f"simulated-edge-{_stamp(start)}.parquet", packed(whole, BIN_S, rejected=lost))
            lost = ()
        for hour in sorted({start // HOUR_S * HOUR_S for (start,) in changed}):
            if hour + HOUR_S <= end:
                yield Answer(f"simulated-edge-hour-{_stamp(hour)}.parquet", packed(self._hour(hour), HOUR_S))
        self._bins = {start: body for start, body in self._bins.items() if start >= oldest}

    def _hour(self, hour: int) -> pl.DataFrame:
        """The partials of an hour. One kind of them after the other, and few bins at a time: those of twelve bins
        together take 100 MB."""
        bodies = [body for start, body in self._bins.items() if hour <= start < hour + HOUR_S]
        kinds = []
        for names in KINDS:
            chosen = pl.col("field").is_in(names) if names else ~pl.col("field").is_in(sum(KINDS, ()))
            whole: list[pl.DataFrame] = []
            for at in range(0, len(bodies), AT_ONCE):
                tables = [pl.read_ipc(io.BytesIO(body)).filter(chosen) for body in bodies[at : at + AT_ONCE]]
                whole = [merged([*whole, *(table.with_columns(bin=pl.lit(hour, pl.Int64)) for table in tables)])]
            kinds += whole
        return pl.concat(kinds)


def _ipc(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_ipc(out, compression="zstd")
    return out.getvalue()


def _stamp(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y%m%dT%H%MZ}"
