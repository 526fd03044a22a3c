"""The parameter ``at``: what was known at an earlier moment, and the one error shape for what cannot be shown."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app

from radar.api.envelope import ApiError, bad_parameter, being_prepared, not_found, not_published
from radar.api.parameters import FROM, Parameter, moment
from radar.labels import N_, _
from radar.store import Store, travel
from radar.store.travel import Found, Missing
from radar.times import rfc3339

AT = Parameter("at", N_("As it was known at this time: exactly what the last publication by then said."),
               FROM.expected, moment)  # fmt: skip


def wall() -> datetime:
    """The wall clock. ``app.config["RADAR_WALL"]`` may hold another one."""
    given = current_app.config.get("RADAR_WALL")
    return given() if given else datetime.now(UTC)


def found(client: Store, at: datetime) -> Found:
    """What had been told by ``at``.

    Raises
    ------
    StoreUnavailable
        The store cannot be asked.
    ApiError
        Why it cannot be shown: 400 for the future, 404 for a time before the first publication or one that is lost, 202
        while it is brought back, 503 when nobody does that or nothing was ever published.
    """
    seen = travel.read(client, at, wall())
    if isinstance(seen, Missing):
        raise refusal(seen)
    return seen


def refusal(missing: Missing) -> ApiError:
    """Why nothing can be shown, as the error that says so."""
    oldest = _("a time from {oldest}").format(oldest=rfc3339(missing.oldest)) if missing.oldest else None
    if missing.why == "nothing":
        return not_published()
    if missing.why == "future":
        newest = rfc3339(missing.newest) if missing.newest else ""
        return bad_parameter("at", _("at lies after {newest}, which is all that is known.").format(newest=newest),
                             _("a time up to {newest}").format(newest=newest))  # fmt: skip
    if missing.why == "early":
        return not_found(_("What was known at that time was not recorded."), parameter="at", expected=oldest)
    if missing.why == "lost":
        return not_found(lost_words(missing.note), parameter="at", expected=_("another time"))
    if missing.why == "preparing":
        return being_prepared()
    return ApiError(503, "not_prepared", why_not_prepared(missing), parameter="at",
                    expected=_("Ask again later, or for a newer time."))  # fmt: skip


def lost_words(note: str) -> str:
    """Why a record that was there cannot be shown."""
    if note == "damaged":
        return _("The file with what was known at that time is damaged.")
    return _("What was known at that time was recorded and is no longer there.")


def why_not_prepared(missing: Missing) -> str:
    """Why nobody has brought back what was asked for."""
    if missing.why == "busy":
        return _("Too many old times are being prepared just now.")
    return _("What was known at that time has to be prepared by the jobs of this radar, and they have not answered. "
             "That says nothing about how the Internet was.")  # fmt: skip
