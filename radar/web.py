"""The site: one Dash application under Flask. ``server`` is what gunicorn runs::

    python -m gunicorn radar.web:server --no-control-socket --worker-class gthread

The first answer of every public address is finished HTML, written by the server from the same components that Dash
draws when its scripts have arrived. Addresses that do not exist are real 404s, a store that cannot be asked is a 503
that says so. The web process only reads documents and series; it never computes what a job could have computed.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from http import HTTPStatus
from typing import Any, cast

import dash
import flask
import orjson
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash.exceptions import CallbackException, DependencyException, PreventUpdate
from werkzeug.exceptions import BadRequest, HTTPException

from radar import entities, settings, store
from radar.api import blueprint, nearly, search
from radar.beacon import routes as beacon
from radar.components import shell, times
from radar.components.document import first_hash
from radar.errors import StoreUnavailable
from radar.figures import worldmap
from radar.pages import (
    _address,
    _attack_chart,
    _cards,
    _chart,
    _figure,
    _figures,
    _film,
    _first,
    _here,
    _kept,
    _language,
    _map,
    _quality_map,
    _read,
    _suggest,
    _tags,
)
from radar.serve import FOR_A_DAY, Static, compress

SETTINGS = settings.load()

POLICY = "; ".join(
    [
        "default-src 'self'",
        f"script-src 'self' {first_hash()}",
        # Plotly and Dash set styles on elements and add style sheets of their own; scripts are what must be strict.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    ]
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_ICON = (settings.ASSETS / "favicon.ico").read_bytes()

log = logging.getLogger(__name__)


class Site(Dash):
    """Dash, with a first response of our own."""

    def index(self, *_args: Any, **_kwargs: Any) -> flask.Response:
        """Every address that no other route has: a page, or a 404."""
        return _page(flask.request.path)


def _unavailable(error: Exception) -> None:
    """A callback that fails leaves what is on the screen, and its answer is not kept; the finished HTML stays."""
    _read.note_hole()
    log.warning("callback failed: %s", error, exc_info=not isinstance(error, StoreUnavailable))


app = Site(
    __package__,
    use_pages=True,
    assets_folder=str(settings.ASSETS),
    assets_ignore=".",  # our own tags load them (radar/pages/_tags.py)
    suppress_callback_exceptions=True,
    include_pages_meta=False,
    title="Internet Radar",
    update_title="",
    add_log_handler=False,
    on_error=_unavailable,
    routing_callback_inputs={"version_": Input("refresh", "data")},
)
server: flask.Flask = app.server
_language.keep_all(dash.page_registry)
shell.keep_titles(dash.page_registry)

app.layout = html.Div([dash.page_container, dcc.Store(id="refresh"), dcc.Store(id="look")])

# A chart is made when it is wanted, in the colours of the reader's theme (assets/site/live.js).
app.clientside_callback(  # type: ignore[no-untyped-call]  # Dash leaves it untyped
    ClientsideFunction("radar", "live"),
    Output({"type": "live", "index": dash.MATCH}, "children"),
    Input({"type": "figure", "index": dash.MATCH}, "data"),
    Input({"type": "wanted", "index": dash.MATCH}, "data"),
    Input("look", "data"),
)

server.before_request(_language.begin)
server.teardown_request(_language.end)

server.config["RADAR_SETTINGS"] = SETTINGS
server.config["RADAR_STORE"] = store.connect(SETTINGS)
server.config["MAX_CONTENT_LENGTH"] = 256 * 1024
server.register_blueprint(blueprint)
server.register_blueprint(beacon.blueprint)


@server.get("/health")
def health() -> flask.Response:
    """The process answers. Says nothing about the store."""
    return _json({"status": "ok"})


@server.get("/ready")
def ready() -> flask.Response:
    """Whether pages can be served: the store answers. ``age_s``: seconds since the last publication, null before it."""
    try:
        snapshot = _read.snapshot()
    except StoreUnavailable as error:
        return _json({"ready": False, "why": str(error)}, 503)
    if snapshot.lost_since is not None:
        return _json({"ready": False, "why": "the store cannot be asked; the last good documents are shown"}, 503)
    clock = snapshot.clock
    age = (_read.wall() - times.parse(clock["wall"])).total_seconds() if clock else None
    body = {"ready": True, "version": snapshot.version, "now": clock and clock["now"], "age_s": age and round(age, 1)}
    return _json(body)


@server.get("/version")
def version() -> flask.Response:
    """The number of the publication that pages show, and whether nothing has been published for too long, for those
    that are open: 503 while the store cannot be asked."""
    snapshot: _read.Snapshot | None = None
    with suppress(StoreUnavailable):
        snapshot = _read.snapshot()
    if snapshot is None or snapshot.lost_since is not None:
        return _json({"version": None, "stalled": None}, 503)
    stalled = snapshot.stalled_since is not None
    answer = _json({"version": snapshot.version, "stalled": stalled})
    answer.headers["Cache-Control"] = "public, max-age=5"
    answer.set_etag(f"{snapshot.version}-{stalled:d}")
    answer.make_conditional(flask.request)
    return answer


@server.get("/favicon.ico")
def favicon() -> flask.Response:
    """The icon, for browsers that ask without being told."""
    answer = flask.Response(_ICON, mimetype="image/x-icon")
    answer.headers["Cache-Control"] = FOR_A_DAY
    return answer


server.add_url_rule("/chart.svg", "chart_file", _chart.file)
server.add_url_rule("/chart.json", "chart_graph", _chart.graph)
server.add_url_rule("/figure.svg", "figure_svg", lambda: _figure.svg_file(_figures.read))
server.add_url_rule("/figure.csv", "figure_csv", lambda: _figure.csv_file(_figures.read))
server.add_url_rule("/attacks/chart.svg", "attack_chart_file", _attack_chart.file)
server.add_url_rule("/map.csv", "map_csv", _map.csv_file)
server.add_url_rule("/map.svg", "map_svg", _map.svg_file)
server.add_url_rule("/quality.svg", "quality_file", _quality_map.file)
server.add_url_rule("/film.json", "film", _film.view)
server.add_url_rule("/suggest.json", "suggest", _suggest.view)


@server.post("/here")
def here() -> flask.Response:
    """Is it just me? The reader's place, looked up for this one answer."""
    if _here.is_from_elsewhere():
        return flask.Response(f"403 {HTTPStatus(403).phrase}\n", status=403, mimetype="text/plain")
    try:
        return _first.once(_here.page(), "/here", _TAGS)
    except StoreUnavailable:
        return _first.failure(503, "/here", _TAGS)


_cards.register(server, settings.ASSETS / "fonts")


@server.get("/robots.txt")
def robots() -> flask.Response:
    """Everything may be read but what only scripts use."""
    return flask.Response("User-agent: *\nDisallow: /_dash\nDisallow: /search\n", mimetype="text/plain")


def _json(body: dict[str, Any], status: int = 200) -> flask.Response:
    answer = flask.Response(orjson.dumps(body), status=status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(path: str) -> flask.Response:
    query = {key: value for key, value in flask.request.args.items() if isinstance(value, str)}
    if path == "/search":
        text = _suggest.wanted(query.get("q", ""))
        to = _suggest.straight(text, query)
        if to is not None:
            return cast(flask.Response, flask.redirect(to, 303))
        if _address.is_address(text):  # such a page is kept nowhere
            try:
                return _first.once(_first.find(path).layout(**query), path, _TAGS)
            except StoreUnavailable:
                return _first.failure(503, path, _TAGS)
    return _first.respond(_first.find(path), path, query, _TAGS)


def _is_machine(path: str) -> bool:
    return path.startswith(("/_dash", "/_reload", "/assets/"))


@server.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> flask.Response:
    """Errors of Flask itself, in our own form: short text for machines, a page for people."""
    status = error.code or 500
    if _is_machine(flask.request.path) or status == 405:
        words = HTTPStatus(status).phrase
        return flask.Response(f"{status} {words}\n", status=status, mimetype="text/plain")
    return _first.failure(status, flask.request.path, _TAGS)


@server.errorhandler(Exception)
def _error(error: Exception) -> flask.Response:
    """What nobody foresaw: logged with its trace, answered with a page that shows no states."""
    path = flask.request.path
    if isinstance(error, DependencyException):
        return flask.Response("404 Not Found\n", status=404, mimetype="text/plain")
    log.error("%s %s failed", flask.request.method, path, exc_info=error)
    if _is_machine(path):
        return flask.Response("500 Internal Server Error\n", status=500, mimetype="text/plain")
    return _first.failure(500, path, _TAGS)


def _strict(dispatch: Any) -> Any:
    """Dash's own dispatcher raises whatever comes to hand on a malformed body; that is the sender's fault."""

    def update() -> Any:
        body = flask.request.get_json(silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("inputs"), list):
            raise BadRequest("expected a JSON object with output, outputs, inputs")
        if not isinstance(body.get("output"), str) or body["output"] not in app.callback_map:
            raise BadRequest("no such callback")
        try:
            return dispatch()
        except PreventUpdate:
            raise
        except (CallbackException, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            # Errors inside a callback went to on_error; what arrives here came from reading the body.
            raise BadRequest(f"malformed callback: {type(error).__name__}") from error

    return update


@server.after_request
def _finish(answer: flask.Response) -> flask.Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    return compress(_language.told(answer))


def _warm() -> None:
    search.warm()
    nearly.warm()


_UPDATE = "/_dash-update-component"
server.view_functions[_UPDATE] = _kept.pages_of_dash(_strict(server.view_functions[_UPDATE]))

# Dash sets up its routing on the first request, and two at once can find it half done; so it is done here.
with server.test_request_context("/"):
    server.preprocess_request()

_TAGS, _scripts = _tags.tags(app, settings.ASSETS)
for _path, _view in _scripts.items():
    server.add_url_rule(_path, _path, _view)
server.wsgi_app = cast(  # type: ignore[method-assign]  # the way Flask's documentation wraps an application
    Any, Static(server.wsgi_app, assets=settings.ASSETS, cache=SETTINGS.data_dir / "cache" / "static")
)

# What every first page needs: the tables of names and shapes. The search index, a second of work, is made beside.
entities.networks()
worldmap.svg({})
threading.Thread(target=_warm, name="warm", daemon=True).start()
