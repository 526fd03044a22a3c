"""Which networks of the logs have series of their own in bins below an hour, where the operator sets a number.

A log names every network that asked anything. Most of them are so small that five minutes of one say nothing, and each
takes as much memory as a large one. The largest are let in when they first come, up to the number; who is in stays in,
as a network that is known and not seen counts as zero. Countries are always in, and hours are kept of everybody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from radar.aggregate.bins import Block
from radar.signals import GROUPS, Group

#: Sources that name whoever asked.
LOGS = ("edge_logs", "dns_logs")
#: Kinds of entities that the number is about.
NETWORKS = ("asn/", "geoasn/")


def lead_of(group: Group) -> str | None:
    """The group by which it is decided who is in, for groups that are cut; None for those that are not."""
    source = _source(group)
    if source not in LOGS or group.grain_s >= 3600:
        return None
    return next(name for name, other in GROUPS.items() if _source(other) == source and other.grain_s < 3600)


def cut(block: Block, known: Collection[str], most: int, *, leads: bool) -> Block | None:
    """The block without networks that are not in.

    Parameters
    ----------
    known
        Entities of the leading group that are in already.
    most
        How many networks may be in.
    leads
        Whether the block is of the leading group: then the largest newcomers are let in while there is room. The volume
        of one is the sum of the group's first series.

    Returns
    -------
    Block
        Or None when nobody in it is in.
    """
    inside = set(known)
    keep = [i for i, key in enumerate(block.entities) if key in inside or not key.startswith(NETWORKS)]
    if leads:
        room = most - sum(key.startswith(NETWORKS) for key in inside)
        come = [i for i, key in enumerate(block.entities) if key not in inside and key.startswith(NETWORKS)]
        volume = np.nansum(block.value[come, :, 0], axis=1) if come else np.zeros(0)
        order = sorted(range(len(come)), key=lambda at: (-float(volume[at]), block.entities[come[at]]))
        keep = sorted(keep + [come[at] for at in order[: max(0, room)]])
    if len(keep) == len(block.entities):
        return block
    return _only(block, keep) if keep else None


def _only(block: Block, rows: Sequence[int]) -> Block:
    names = [block.entities[i] for i in rows]
    return replace(block, entities=names, value=block.value[list(rows)], n=block.n[list(rows)])


def _source(group: Group) -> str:
    return group.series[0].partition("@")[2] if group.series else ""
