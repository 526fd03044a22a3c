"""The RIPEstat Data API: how it is asked, and the envelope around every answer.

An answer is an object with ``data_call_name``, ``status`` ("ok"), ``messages`` (pairs of kind and text) and ``data``.
The rules of usage (stat.ripe.net/docs/02.data-api): at most eight requests at a time from one address; whoever
regularly asks more than a thousand times a day registers and says who asks, ``sourceapp``. Here each source has one
request under way at a time, requests are a second apart, always with ``sourceapp``, and all sources together stay under
a thousand a day once their first collection is over.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from radar.errors import UpstreamChanged
from radar.sources import Answer
from radar.sources._bytes import begins, json_value, unpack
from radar.sources._rejections import without_addresses

if TYPE_CHECKING:
    from radar.http import Http

API = "https://stat.ripe.net/data"
TERMS_URL = "https://www.ripe.net/about-us/legal/ripestat-service-terms-and-conditions/"
TERMS = (
    "The RIPEstat Service Terms and Conditions apply to whoever asks; paid services or products made of RIPE NCC "
    "routing data must show the RIPE NCC as their source with its logo, a link and its description."
)
APP = "internet-radar"
HOUR_S, DAY_S = 3600, 86_400

_YEARS = (datetime(2000, 1, 1, tzinfo=UTC).timestamp(), datetime(2100, 1, 1, tzinfo=UTC).timestamp())


def ask(http: Http, source: str, call: str, **params: str) -> Answer:
    """One data call. ``params`` as upstream names them. Raises what :meth:`radar.http.Http.get` raises."""
    query = "&".join(f"{name}={value}" for name, value in {**params, "sourceapp": APP}.items())
    url = f"{API}/{call}/data.json?{query}"
    return Answer(url, http.get(url, source=source).body)


def when(moment: datetime) -> str:
    """A time as upstream takes it, without a colon that would need escaping: seconds since 1970."""
    return str(int(moment.timestamp()))


def envelope(body: bytes, *, source: str, calls: tuple[str, ...]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The name of the data call, its ``data``, and the whole answer.

    Raises UpstreamChanged for other bytes, an answer that says it is an error, or another data call than ``calls``.
    """
    data, cut = unpack(body, source=source)
    if cut:
        raise UpstreamChanged(source, f"the compressed answer ends early, after {len(data)} unpacked bytes")
    answer = json_value(data, source=source)
    if not isinstance(answer, dict):
        raise UpstreamChanged(source, f"begins with {begins(data)}; expected an object with 'data_call_name'")
    if answer.get("status", "ok") != "ok":
        raise UpstreamChanged(source, f"upstream says {_trouble(answer)!r}; expected status 'ok'")
    call, inner = answer.get("data_call_name"), answer.get("data")
    if call not in calls:
        raise UpstreamChanged(source, f"data_call_name is {str(call)[:60]!r}; expected {', '.join(calls)}")
    if not isinstance(inner, dict):
        raise UpstreamChanged(source, f"'data' is {type(inner).__name__}; expected an object")
    return str(call), inner, answer


def epoch(value: Any) -> int | None:
    """A time of upstream (ISO 8601, UTC where it names no zone) in seconds since 1970; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, ValueError):
        return None
    return int(seconds) if _YEARS[0] <= seconds < _YEARS[1] else None


def count(value: Any) -> float | None:
    """A count, or None for what is none: no number, negative, or beyond what there can be."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < 1e15 else None  # false for NaN too


def _trouble(answer: dict[str, Any]) -> str:
    """Upstream's own words for an error."""
    messages = answer.get("messages")
    texts = [str(one[1]) for one in messages if isinstance(one, list) and len(one) == 2 and one[0] == "error"] \
        if isinstance(messages, list) else []  # fmt: skip
    return without_addresses(f"{answer.get('status')}: {' '.join(texts)}")[:160]
