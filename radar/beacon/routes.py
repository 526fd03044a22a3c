"""The beacon's addresses; 404 unless the operator switched it on. Answers are for this site's own pages only.

============================ ========================================================================
``GET /beacon/ping``         nothing, quickly: what a browser times
``GET /beacon/bytes/<size>`` so many random bytes; sizes as in ``told.SIZES``
``POST /beacon/result``      a measurement; answers with what was kept of it, and where it is counted
============================ ========================================================================
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import cast

import orjson
import structlog
from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from radar import entities
from radar.api.access import client
from radar.api.envelope import JSON, ApiError, failure, not_found, store_unavailable
from radar.beacon import kept, limits, told
from radar.beacon.door import Block, block_of
from radar.beacon.places import Place, Shelf
from radar.errors import StoreUnavailable
from radar.labels import _
from radar.settings import Settings
from radar.store import documents

log = structlog.get_logger(__name__)

blueprint = Blueprint("beacon", __name__, url_prefix="/beacon")


def is_on() -> bool:
    """Whether readers of this site may measure."""
    return bool(_settings().speed_beacon)


@blueprint.before_request
def _only_from_here() -> None:
    if not is_on():
        raise not_found(_("This radar does not measure its readers' connections."))
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ApiError(403, "forbidden", _("Only the pages of this site measure here."))


@blueprint.get("/ping")
def ping() -> Response:
    """Nothing."""
    return Response(status=204)


@blueprint.get("/bytes/<int:size>")
def some_bytes(size: int) -> Response:
    """Random bytes, which nothing on the way can compress."""
    if size not in told.SIZES:
        raise not_found(_("Such a download is not offered."), expected=", ".join(map(str, told.SIZES)))
    _count(_block(), "bytes", limits.DOWNLOADS, datetime.now(UTC))
    return Response(_random()[:size], mimetype="application/octet-stream")


@blueprint.post("/result")
def result() -> Response:
    """Keep a measurement, if it can be placed."""
    body = _body()
    block, now = _block(), datetime.now(UTC)
    _count(block, "result", limits.RESULTS, now)
    measured = told.read(body)
    clock = documents.get(client(), "clock")
    if clock is not None and (clock["simulated"] or clock["mode"] != "live"):
        raise ApiError(409, "not_live", _("This radar shows no live data, so nothing is measured."))
    table = _shelf(_folder()).get()
    if table is None:
        raise ApiError(503, "not_ready", _("We cannot tell networks apart yet."), expected=_("Ask again in a moment."))
    place = table.find(block)
    line = kept.line(place, measured, now)
    if place.cc or place.asn:
        if limits.counted(client(), "all") > limits.ALL:
            raise _too_often()
        kept.keep(_folder(), line, now)
    answer = {"kept": line if place.cc or place.asn else None, "words": _words(place, measured)}
    return Response(orjson.dumps({"data": answer}), content_type=JSON)


@blueprint.after_request
def _never_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store, no-transform"
    return response


def _body() -> bytes:
    """The request's body, which must be small and JSON: no form of another site can send that."""
    if request.mimetype != JSON:
        raise ApiError(415, "bad_measurement", _("This is no measurement."), expected=JSON)
    if request.content_length is None or request.content_length > told.LARGEST:
        expected = _("at most {n} bytes, and their number told").format(n=told.LARGEST)
        raise ApiError(413, "bad_measurement", _("This is too large for a measurement."), expected=expected)
    return request.get_data(cache=False)


def _block() -> Block:
    settings = _settings()
    found = block_of(request.remote_addr, request.headers.getlist("X-Forwarded-For"), settings.beacon_proxies)
    if found is None:
        raise ApiError(422, "no_place", _("We cannot tell which network you came from, so nothing is measured."))
    return found


def _count(block: Block, what: str, most: int, now: datetime) -> None:
    if not limits.allowed(client(), _folder(), block, what, most, now):
        raise _too_often()


def _too_often() -> ApiError:
    return ApiError(429, "too_often", _("Many measurements came from around you in the last hour."),
                    expected=_("Try again in an hour."))  # fmt: skip


def _words(place: Place, measured: told.Told) -> list[str]:
    """What the reader is told, as sentences."""
    words = [_("Round-trip time to this site: {n} ms.").format(n=f"{measured.rtt_ms:.0f}")]
    if measured.mbps is None:
        words.append(_("The download did not finish, so we cannot tell a rate."))
    elif measured.mbps >= told.FASTEST:
        words.append(_("Download: at least {n} Mbit/s.").format(n=f"{told.FASTEST:.0f}"))
    else:
        words.append(_("Download: {n} Mbit/s.").format(n=f"{measured.mbps:.1f}"))
    names = [entities.name(f"country/{place.cc}")] if place.cc else []
    names += [entities.name(f"asn/{place.asn}")] if place.asn else []
    if names:
        words.append(_("Kept: these two numbers, the hour, and {place}.").format(place=", ".join(names)))
    else:
        words.append(_("Your network is in no public table, so nothing was kept."))
    return words


def _settings() -> Settings:
    return cast(Settings, current_app.config["RADAR_SETTINGS"])


def _folder() -> Path:
    return _settings().data_dir / "beacon"


@lru_cache(maxsize=4)
def _shelf(folder: Path) -> Shelf:
    return Shelf(folder)


@lru_cache(maxsize=1)
def _random() -> bytes:
    return os.urandom(max(told.SIZES))


def _refuse(error: Exception) -> Response:
    """One error shape. What is logged holds no address: the messages of these errors have none."""
    if isinstance(error, ApiError):
        return failure(error)
    if isinstance(error, StoreUnavailable):
        log.warning("store unavailable", path=request.path, error=str(error))
        return failure(store_unavailable())
    if isinstance(error, HTTPException):
        return failure(ApiError(error.code or 400, "bad_measurement", _("This is no measurement.")))
    if isinstance(error, (OSError, kept.Full)):
        log.error("measurement not kept", error=type(error).__name__)
        return failure(ApiError(503, "not_kept", _("We cannot keep measurements just now.")))
    log.error("request failed", path=request.path, exc_info=error)
    return failure(ApiError(500, "internal", _("Something is broken here. It is logged.")))


blueprint.register_error_handler(Exception, _refuse)
