"""What is to be done in which steps: files as pieces, stretches of time and windows, by how large they are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from jobs.engines.steps import Counted, Measured, Piece, Stretch, Window
from radar.aggregate.rollup.rows import Spec


def windows_of(
    found: list[Counted], spec: Spec, into: str, run: str, *, shuffle: str, most: int, parts: int = 1
) -> list[Window]:
    """What is to be published, in order of time, with ``most`` rows of partials in memory at once."""
    files: dict[tuple[int, int], list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    for one in found:
        for key, names in one.windows.items():
            files[key].append((one.id, names))
    return [
        Window(start, tuple(sorted(files[start, part])), spec, into, run, shuffle, most,
               f"-{part:04}" if parts > 1 else "")
        for start, part in sorted(files)
    ]  # fmt: skip


def pieces_of(files: list[Measured], most: int, spec: Spec, into: str, shuffle: str, parts: int = 1) -> list[Piece]:
    """Files as pieces of at most so many rows."""
    return [
        Piece(one.file, one.id, start, min(most, one.rows - start), spec, into, shuffle, f"{one.id}-{at}-{start}",
              parts)
        for at, one in enumerate(files)
        for start in range(0, max(one.rows, 1), most)
    ]  # fmt: skip


def apart(files: list[Measured], most: int) -> tuple[list[Measured], list[Measured]]:
    """Files of at most so many rows that share no bin with another, as their footers say; and all others."""
    known = sorted((one for one in files if one.span is not None), key=lambda one: one.span or (0, 0))
    if len(known) < len(files):
        return [], files  # one of which nothing is known may share bins with any
    alone: list[Measured] = []
    others: list[Measured] = []
    last: int | None = None
    for at, one in enumerate(known):
        first, end = one.span or (0, 0)
        after = known[at + 1].span if at + 1 < len(known) else None
        free = (last is None or last < first) and (after is None or end < after[0])
        (alone if free and one.rows <= most else others).append(one)
        last = end if last is None else max(last, end)
    return alone, others


def lone(one: Measured, spec: Spec, into: str) -> Stretch:
    """The stretch of a file that shares no bin with another."""
    first, last = one.span or (0, 0)
    return Stretch(first * spec.grain_s, (last + 1) * spec.grain_s, (one.file,), True, spec, into, lone=True)


def stretches_of(files: list[Measured], most: int, spec: Spec, into: str) -> list[Stretch]:
    """Stretches of time of at most so many rows, but at least a bin, and no more than that over where files change.

    A bin of more rows is a stretch for each share of its keys.
    """
    holders: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(files):
        for start in one.bins:
            holders[start].append(number)
    found: list[Stretch] = []
    bins: list[int] = []
    rows, inside = 0, set[int]()

    def close() -> None:
        if not bins:
            return
        whole = sum(len(files[number].bins) for number in inside) == sum(len(holders[start]) for start in bins)
        names = tuple(files[number].file for number in sorted(inside))
        grain = spec.grain_s
        stretch = Stretch(bins[0] * grain, (bins[-1] + 1) * grain, names, whole, spec, into)
        shares = -(-rows // most)
        found.extend(replace(stretch, share=(which, shares)) for which in range(shares))

    for start in sorted(holders):
        size = sum(files[number].bins[start] for number in holders[start])
        if bins and (rows + size > most or not inside & set(holders[start])):
            close()
            bins, rows, inside = [], 0, set()
        bins.append(start)
        rows += size
        inside |= set(holders[start])
    close()
    return found
