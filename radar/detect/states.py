"""How an entity is now, in one word and one sentence, for the map and the head of its page."""

from __future__ import annotations

from collections.abc import Sequence

from radar.detect.agree import REASON_WORDS
from radar.detect.case import plane
from radar.detect.model import View
from radar.detect.words import percent, title
from radar.labels import _
from radar.shapes import EntityState, Outage


def entity_state(entity: str, views: Sequence[View], outage: Outage | None) -> EntityState:
    """The state of one entity from its views and its open outage, if there is one.

    An open outage decides. Else it is "ok" by what can be judged, and "insufficient", with the reason, where nothing
    can: nor where its traffic is measured and none of that can be judged, as routes stand while packets are lost. The
    words say how much of it was judged. What is "ok" has no "since": that changes with each series that comes back.
    """
    series = sorted({view.series_id for view in views})
    scored = [view for view in views if view.reason != "not_scored"]
    judged = [view for view in scored if view.verdict != "insufficient"]
    traffic = [view for view in scored if plane(view.series_id) != "control"]
    if outage is not None:
        now = outage["severity"].get("now")
        return {
            "state": outage["level"],
            "since": outage["start"],
            "outage": outage["id"],
            "words": outage.get("headline", ""),
            "depth": outage["severity"]["depth"] if now is None else now,
            "simulated": outage["simulated"],
            "series": series,
        }
    hit = [view for view in judged if view.verdict == "affected" and view.loss is not None]
    if not judged or (traffic and all(view.verdict == "insufficient" for view in traffic)):
        words = _off(hit) if hit else _why(views)
        if judged and not hit:
            words = _("Its routes are within their usual range; of its traffic we cannot say: {why}.").format(
                why=_reason(traffic)
            )
        return {
            "state": "insufficient",
            "since": None,
            "outage": None,
            "words": words,
            "depth": None,
            "simulated": False,
            "series": series,
        }
    if hit:
        words = _off(hit)
    elif not traffic:
        words = _("Its routes are within their usual range; its traffic is not measured here.")
    elif len(judged) < len(scored):
        words = _("{n} of {m} signals can be judged, and they are within their usual range.").format(
            n=len(judged), m=len(scored)
        )
    else:
        words = _("What we measure is within its usual range.")
    return {
        "state": "ok",
        "since": None,
        "outage": None,
        "words": words,
        "depth": None,
        "simulated": False,
        "series": series,
    }


def _off(hit: Sequence[View]) -> str:
    """What lies furthest off its usual value."""
    worst = max(hit, key=lambda view: view.loss or 0.0)
    return _("{what}: {pct} off its usual value; not confirmed as an outage.").format(
        what=title(worst.series_id), pct=percent(worst.loss)
    )


def _why(views: Sequence[View]) -> str:
    if not views:
        return _("We have no measurements from here.")
    why = _reason(views)
    return _("We cannot say: {why}.").format(why=why) if why else _("What we have from here is shown, but not judged.")


def _reason(views: Sequence[View]) -> str:
    """Why these cannot be judged: the first of the reasons that says most; "" where they are not meant to be."""
    reasons = {view.reason for view in views}
    found = next((reason for reason in ("own_fault", "warming_up", "too_few", "no_data") if reason in reasons), "")
    return _(REASON_WORDS[found]) if found else ""
