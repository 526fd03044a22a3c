"""What every answer of the API looks like: one envelope, one error shape, each built in one place.

Success: ``{"data": ..., "meta": {...}}``. Failure: ``{"error": {"code", "message", "parameter", "expected"}}`` with a
status that fits; ``parameter`` and ``expected`` are null where they mean nothing. Every answer carries an ETag and
may be read from any origin.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response, current_app, request

from radar.errors import RadarError
from radar.labels import _
from radar.shapes import Clock, SourceStatus

#: Seconds that a client should wait before it asks again when the store does not answer.
RETRY_AFTER_S = 10

#: The same while something is prepared for it.
PREPARED_S = 2

#: Seconds that an answer about the present may be kept.
FRESH_S = 15

#: Seconds that an answer about closed bins alone may be kept.
CLOSED_S = 86_400

JSON = "application/json"
CSV = "text/csv"
ATOM = "application/atom+xml"


class ApiError(RadarError):
    """A request that cannot be answered. Caught by the blueprint, which makes the one error shape of it."""

    def __init__(
        self, status: int, code: str, message: str, *, parameter: str | None = None, expected: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.parameter = parameter
        self.expected = expected


def bad_parameter(parameter: str, message: str, expected: str) -> ApiError:
    """400: a parameter that is unknown, missing, given twice or cannot be read."""
    return ApiError(400, "bad_parameter", message, parameter=parameter, expected=expected)


def not_found(message: str, *, parameter: str | None = None, expected: str | None = None) -> ApiError:
    """404: an entity, an outage or an address that does not exist."""
    return ApiError(404, "not_found", message, parameter=parameter, expected=expected)


def too_expensive(message: str, expected: str, *, parameter: str | None = None) -> ApiError:
    """422: understood, and more than one answer may cost or hold. ``expected`` says what would do."""
    return ApiError(422, "too_expensive", message, parameter=parameter, expected=expected)


def not_published() -> ApiError:
    """503: the store answers and nothing has been published in it yet. An empty list would be read as "all is calm"."""
    return ApiError(503, "not_published", _("Nothing has been published yet."), expected=_("Ask again in a moment."))


def store_unavailable() -> ApiError:
    """503: the store cannot be asked, so we cannot see. Never the same as "no data"."""
    return ApiError(
        503, "store_unavailable", _("We cannot reach our own data just now."), expected=_("Ask again in a moment.")
    )


def being_prepared() -> ApiError:
    """202: understood, and a worker is bringing it back. The same request gives the answer in a moment."""
    return ApiError(202, "being_prepared", _("What was known at that time is being prepared."), parameter="at",
                    expected=_("Ask again in a moment."))  # fmt: skip


def failure(error: ApiError) -> Response:
    """The one error shape."""
    body = {"error": {"code": error.code, "message": str(error), "parameter": error.parameter,
                      "expected": error.expected}}  # fmt: skip
    response = Response(orjson.dumps(body), status=error.status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    if error.status in (202, 503):
        response.headers["Retry-After"] = str(PREPARED_S if error.status == 202 else RETRY_AFTER_S)
    return response


def address(path: str) -> str:
    """An absolute address on this site: under the setting ``base_url``, else under the host that was asked."""
    settings = current_app.config.get("RADAR_SETTINGS")
    base = settings.base_url if settings is not None and settings.base_url else request.host_url
    return f"{base.rstrip('/')}{path}"


def meta(
    *,
    sources: Sequence[SourceStatus] = (),
    clock: Clock | None = None,
    simulated: bool = False,
    method: str = "",
    **more: Any,
) -> dict[str, Any]:
    """The ``meta`` of an answer; every key is always there, null where it means nothing or differs between series.

    ``last_updated``: start of the newest bin that the source has a value for; ``lag_s``: how far its end lies behind
    the clock. For answers that rest on several sources both are null, and ``sources`` has them one by one.
    """
    one = sources[0] if len(sources) == 1 else None
    return {
        "interval": None,
        "native_interval": None,
        "unit": None,
        "source": one["name"] if one else None,
        "licence": one["licence"] if one else None,
        "licence_url": one["licence_url"] if one else None,
        "attribution": one["attribution"] if one else None,
        "last_updated": one["newest_bin"] if one else None,
        "lag_s": one["lag_s"] if one else None,
        "coverage": None,
        "now": clock["now"] if clock else None,
        "method_url": address(f"/method{method}"),
        "simulated": simulated,
        "sources": [{key: row[key] for key in ("name", "licence", "licence_url", "attribution", "newest_bin", "lag_s",
                                               "state", "simulated")} for row in sources],
        **more,
    }  # fmt: skip


def success(data: Any, meta: dict[str, Any], *, keep_s: int = FRESH_S, settled: bool = False) -> Response:
    """The one success envelope, as JSON with an ETag; 304 when the client has it. ``settled``: as in ``body_of``."""
    # orjson has no NaN: it writes null, which is what NaN means here.
    body = orjson.dumps({"data": data, "meta": meta})
    return body_of(body, JSON, keep_s=keep_s, settled=settled)


def body_of(body: bytes, content_type: str, *, keep_s: int = FRESH_S, settled: bool = False) -> Response:
    """Bytes as an answer with ETag and Cache-Control. The tag is weak: a compressed form of the body is the same.
    ``settled``: of a moment that has passed, about which no later publication says anything else."""
    charset = "" if content_type == JSON else "; charset=utf-8"
    response = Response(body, content_type=content_type + charset)
    kept = f"max-age={CLOSED_S}, immutable" if settled else f"max-age={keep_s}"
    response.headers["Cache-Control"] = f"public, {kept}"
    response.set_etag(hashlib.blake2b(body, digest_size=12).hexdigest(), weak=True)
    response.make_conditional(request)
    return response


def open_to_all(response: Response) -> Response:
    """Let pages of any origin read the answer, with the headers that they need."""
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = "*"
    headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
    headers["Access-Control-Allow-Headers"] = "If-None-Match"
    headers["Access-Control-Expose-Headers"] = "ETag, Link, Retry-After, Content-Disposition"
    headers["Access-Control-Max-Age"] = "86400"
    headers["X-Content-Type-Options"] = "nosniff"
    return response
