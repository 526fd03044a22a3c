"""Bands: the usual range of a point and the value at which the detector fires, for charts and for the detector alike.

The numbers of the gates are those of the rules (``radar/data/rules.toml``), so that a chart draws exactly the threshold
that fires. Standard library only: the web side uses it too. What it says is about one bin on its own; several bins in a
row, added up, may fire on less.
"""

from __future__ import annotations

import math

from radar.rules import EACH, number

#: Robust standard deviations below the baseline: an alert opens, may be published alone, counts as normal again.
OPEN_Z, PUBLISH_Z, CLOSE_Z = -EACH["open_z"], -EACH["publish_z"], -EACH["close_z"]
#: The first two for the seasonal signals of one network.
OPEN_NETWORK, PUBLISH_NETWORK = -EACH["open_z_network"], -EACH["publish_z_network"]

#: The value must also have fallen below this part of its baseline: seasonal signals, flat ones.
GATE, GATE_FLAT = number("seasonal_drop", "below"), number("flat_drop", "below")
#: A loss of half of it may be published alone with the score of an alert.
HALF = EACH["half"]
#: In bins longer than an hour a clock change or a holiday morning looks like a fall, so a fall must be larger.
GATE_COARSE, COARSE_S = number("seasonal_drop", "below_coarse"), int(EACH["coarse_s"])
#: On holidays, at the turn of Ramadan and after a clock change people's traffic falls too: only a larger fall counts.
GATE_SPECIAL = number("seasonal_drop", "below_special")
#: Routes hardly ever move, so a smaller loss of them counts; and a "shallow" one is told, but makes no outage.
GATE_ROUTES, SHALLOW_ROUTES = number("routes_withdrawn", "below"), number("routes_withdrawn", "shallow")
#: A share must have risen by this much; a latency by this part of its baseline, and by this many milliseconds.
RISE_SHARE = number("error_rise", "above")
RISE_LATENCY, RISE_LATENCY_MS = number("latency_rise", "above_part"), number("latency_rise", "above_ms")
#: A burst of which it is not known how many could have happened: at least so many events above normal.
RISE_BURST = number("burst", "above")
#: A count whose rise is news: above this many times its baseline, and this many robust standard deviations.
RISE_LOAD, RISE_LOAD_Z = number("load_rise", "times"), number("load_rise", "deviations")

#: Smallest spread that is believed: log units; routes; a share; part of a latency, and milliseconds.
FLOOR, FLOOR_ROUTES, FLOOR_SHARE, FLOOR_LATENCY, FLOOR_LATENCY_MS = 0.03, 0.002, 0.005, 0.05, 1.0

#: Smallest spread of a seasonal signal on such a day (log units): what makes that loss just deep enough to open an
#: alert, so that charts and scores say it too; and that of a network.
FLOOR_SPECIAL, FLOOR_SPECIAL_NETWORK = math.log(GATE_SPECIAL) / OPEN_Z, math.log(GATE_SPECIAL) / OPEN_NETWORK

#: Fewest counts expected in a window before a fall of a count is judged; fewest units of a flat count.
MIN_COUNT, MIN_FLAT = EACH["min_count"], EACH["min_flat"]
#: Fewest observations behind a share or a latency, where the upstream tells them.
MIN_N = EACH["min_n"]

#: Added to value and baseline before a ratio is taken: a count; a part of the baseline for other scales.
ADD_COUNT, ADD_PART = 1.0, 0.01


def gate(profile: str, plane: str = "data", grain_s: int = 0) -> float:
    """The part of its baseline below which a seasonal or flat signal may fire; ``grain_s``: seconds of its bins."""
    if profile == "seasonal" and grain_s > COARSE_S:
        return GATE_COARSE
    if profile == "flat":
        return GATE_ROUTES if plane == "control" else GATE_FLAT
    return GATE


def is_network(entity: str) -> bool:
    """Whether the seasonal signals of an entity are judged by the deviations for networks."""
    return entity.startswith(("asn/", "geoasn/"))


def band(
    profile: str,
    scale: str,
    baseline: float | None,
    spread: float | None,
    *,
    plane: str = "data",
    grain_s: int = 0,
    network: bool = False,
) -> tuple[float | None, float | None, float | None]:
    """Usual range and firing threshold of one bin.

    Parameters
    ----------
    profile, scale, plane
        As the catalogue says (``radar.signals.Signal``).
    grain_s
        Seconds of the series' own bins (``Group.grain_s``).
    network
        Whether the entity is a network, or one within a country (:func:`is_network`).
    baseline
        What is normal for the bin, in the unit of the signal; None or NaN: not known.
    spread
        Robust standard deviation as the detector published it: log units for seasonal and flat, else the unit.

    Returns
    -------
    (lo, hi, threshold)
        Unit of the signal. Within ``lo..hi`` a bin counts as normal. A value below ``threshold`` (above it, for shares
        of failures, latencies and bursts) is affected. ``threshold`` is None where no value of one bin could fire: not
        known, nothing expected, or too few counts. All three are None when nothing is known.

    Examples
    --------
    >>> band("flat", "normalised", 100.0, 0.03)[2]
    79.8
    """
    if baseline is None or spread is None or not math.isfinite(baseline) or not math.isfinite(spread):
        return None, None, None
    if profile in ("seasonal", "flat"):
        deviations = OPEN_NETWORK if network and profile == "seasonal" else OPEN_Z
        return _log_band(profile, scale, baseline, spread, gate(profile, plane, grain_s), deviations)
    if profile in ("ratio", "latency", "burst"):
        wide = -CLOSE_Z * spread
        top = baseline + max(-OPEN_Z * spread, rise(profile, baseline))
        low = max(0.0, baseline - wide)
        return low, baseline + wide, (top if profile != "ratio" or top < 1.0 else None)
    return None, None, None


def rise(profile: str, baseline: float) -> float:
    """How far above its baseline a ratio, latency or burst signal must lie before it may fire."""
    if profile == "ratio":
        return RISE_SHARE
    if profile == "latency":
        return max(RISE_LATENCY * baseline, RISE_LATENCY_MS)
    return 0.0  # the spread of a burst holds it: see radar.detect.score


def _log_band(
    profile: str, scale: str, baseline: float, spread: float, part: float, deviations: float
) -> tuple[float | None, float | None, float | None]:
    add = ADD_COUNT if scale == "count" else ADD_PART * baseline

    def at(log_ratio: float) -> float:
        return max(0.0, (baseline + add) * math.exp(log_ratio) - add)

    lo, hi = at(CLOSE_Z * spread), at(-CLOSE_Z * spread)
    if baseline <= 0 or (scale == "count" and baseline < (MIN_FLAT if profile == "flat" else MIN_COUNT)):
        return lo, hi, None
    threshold = (baseline + add) * math.exp(min(deviations * spread, math.log(part))) - add
    return lo, hi, (round(threshold, 9) if threshold > 0 else None)
