"""The public API under ``/api/v1`` and the feeds under ``/feeds``: one noun per file, its docstring its documentation.

``server.register_blueprint(radar.api.blueprint)`` brings all of it. The application may set ``RADAR_STORE`` (a
client) and ``RADAR_SETTINGS`` in its config; both are made from the environment otherwise. Only documents and series
are read here; whatever needs more is made by a job.
"""

from __future__ import annotations

from typing import Any, cast

import structlog
from flask import Flask, Response, request
from flask.blueprints import BlueprintSetupState

from radar.api import (  # each declares itself
    attacks,
    context,
    dns,
    entities,
    outages,
    providers,
    routing,
    signals,
    sources,
    status,
)
from radar.api import feeds as _atom  # noqa: F401 - declares the feeds
from radar.api import quality as _quality  # noqa: F401 - declares itself
from radar.api.endpoints import ENDPOINTS, blueprint, endpoint, feeds, listing
from radar.api.envelope import ApiError, failure, meta, not_found, open_to_all, store_unavailable, success
from radar.errors import StoreUnavailable
from radar.labels import _

__all__ = [
    "attacks", "blueprint", "context", "dns", "entities", "feeds", "outages", "providers", "quality", "routing",
    "signals", "sources", "status",
]  # fmt: skip

log = structlog.get_logger(__name__)

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@endpoint("/")
def index(given: dict[str, Any]) -> Response:
    """All endpoints with their documentation and parameters."""
    return success(listing(ENDPOINTS), meta(method="#api"), keep_s=3600)


def nothing_here(rest: str = "") -> Response:
    """Any other address or method: JSON, never the site's page."""
    known = any(row.path == request.path for row in ENDPOINTS)
    if request.method not in ("GET", "HEAD") and known:
        error = ApiError(405, "method_not_allowed", _("This can only be read."), expected="GET")
        response = failure(error)
        response.headers["Allow"] = "GET, HEAD, OPTIONS"
        return response
    return failure(not_found(_("There is nothing at this address."), expected=_("an address from /api/v1/")))


def _store_down(error: StoreUnavailable) -> Response:
    log.warning("store unavailable", path=request.path, error=str(error))
    return failure(store_unavailable())


def _bug(error: Exception) -> Response:
    log.error("request failed", path=request.path, exc_info=error)
    return failure(ApiError(500, "internal", _("Something is broken here. It is logged.")))


for _blueprint in (blueprint, feeds):
    _blueprint.add_url_rule("/<path:rest>", endpoint="nothing_here", view_func=nothing_here, methods=_METHODS)
    _blueprint.register_error_handler(ApiError, failure)
    _blueprint.register_error_handler(StoreUnavailable, _store_down)
    _blueprint.register_error_handler(Exception, _bug)
    _blueprint.after_request(open_to_all)
blueprint.add_url_rule("", endpoint="index_bare", view_func=index)
blueprint.add_url_rule("/", endpoint="index_other", view_func=nothing_here, methods=_METHODS[1:])


@blueprint.record_once
def _bring_feeds(state: BlueprintSetupState) -> None:
    cast(Flask, state.app).register_blueprint(feeds)
