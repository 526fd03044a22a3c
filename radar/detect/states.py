"""How an entity is now, in one word and one sentence, for the map and the head of its page."""

from __future__ import annotations

from collections.abc import Sequence

from radar.detect.agree import REASON_WORDS
from radar.detect.model import View
from radar.detect.words import percent, title
from radar.labels import _
from radar.shapes import EntityState, Outage
from radar.times import rfc3339


def entity_state(entity: str, views: Sequence[View], outage: Outage | None) -> EntityState:
    """The state of one entity from its views and its open outage, if there is one.

    An open outage decides. Else one series that can be judged makes it "ok"; none makes it "insufficient", with the
    reason.
    """
    series = sorted({view.series_id for view in views})
    judged = [view for view in views if view.verdict != "insufficient"]
    if outage is not None:
        return {
            "state": outage["level"],
            "since": outage["start"],
            "outage": outage["id"],
            "words": outage.get("headline", ""),
            "depth": outage["severity"]["depth"],
            "simulated": outage["simulated"],
            "series": series,
        }
    if not judged:
        return {
            "state": "insufficient",
            "since": None,
            "outage": None,
            "words": _why(views),
            "depth": None,
            "simulated": False,
            "series": series,
        }
    hit = [view for view in judged if view.verdict == "affected" and view.loss is not None]
    if hit:
        worst = max(hit, key=lambda view: view.loss or 0.0)
        words = _("{what}: {pct} off its usual value; not confirmed as an outage.").format(
            what=title(worst.series_id), pct=percent(worst.loss)
        )
    else:
        words = _("What we measure is within its usual range.")
    return {
        "state": "ok",
        "since": rfc3339(max(view.since for view in judged)),
        "outage": None,
        "words": words,
        "depth": None,
        "simulated": False,
        "series": series,
    }


def _why(views: Sequence[View]) -> str:
    if not views:
        return _("We have no measurements from here.")
    reasons = [view.reason for view in views if view.reason in REASON_WORDS and view.reason != "not_scored"]
    for reason in ("own_fault", "warming_up", "too_few", "no_data"):
        if reason in reasons:
            return _("We cannot say: {why}.").format(why=_(REASON_WORDS[reason]))
    return _("What we have from here is shown, but not judged.")
