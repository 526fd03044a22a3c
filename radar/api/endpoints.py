"""The table of endpoints, and how a function becomes one. The index and docs/api.md are checked against it.

An endpoint is a function with a docstring that is its documentation, and rows of parameters. It gets the values read
and returns the answer; what it raises is turned into the one error shape by the blueprint.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from radar.api.parameters import Parameter, read
from radar.labels import _

#: Everything under /api/v1. Registering it brings the feeds along.
blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

#: Everything under /feeds.
feeds = Blueprint("feeds", __name__, url_prefix="/feeds")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address: its path with ``<placeholders>``, documentation and parameters."""

    path: str
    doc: str
    parameters: tuple[Parameter, ...]


#: All endpoints in the order in which they were declared.
ENDPOINTS: list[Endpoint] = []


def endpoint(
    path: str, *parameters: Parameter, on: Blueprint = blueprint
) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """Make a function the answer of ``GET path``. It is called with the path's parts and ``given``, the values by
    name."""

    def declare(function: Callable[..., Response]) -> Callable[..., Response]:
        ENDPOINTS.append(Endpoint(f"{on.url_prefix}{path}", inspect.getdoc(function) or "", tuple(parameters)))

        @wraps(function)
        def answer(**parts: Any) -> Response:
            return function(given=read(request.args, parameters), **parts)

        on.add_url_rule(path, endpoint=function.__name__, view_func=answer, methods=["GET"])
        return answer

    return declare


def listing(endpoints: Sequence[Endpoint]) -> list[dict[str, Any]]:
    """The endpoints as the index shows them."""
    return [
        {
            "path": row.path,
            "doc": row.doc,
            "parameters": [
                {"name": p.name, "help": _(p.help), "expected": _(p.expected), "repeat": p.repeat, "default": p.default}
                for p in row.parameters
            ],
        }
        for row in endpoints
    ]
