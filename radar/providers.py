"""Providers: clouds, content networks, resolvers and large services that the radar has a page for.

The registry is ``radar/data/providers.toml``. An operator's own file (setting ``providers_file``), in the same form,
adds providers or replaces some of their fields. It is read once by each process.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from radar.errors import ConfigError
from radar.labels import _

#: What a provider may be, in the order of pages. One may be several.
KINDS = ("cloud", "cdn", "dns", "service")

#: Forms of status pages that are read; "none": its own page, if any, is in another form.
FORMS = ("statuspage", "aws", "google", "azure", "none")

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*")
_ASN_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True)
class StatusPage:
    """Where a provider speaks of itself. ``form`` is one of ``FORMS``; ``url`` is '' where the form is "none"."""

    form: str = "none"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. ``networks`` are AS numbers; ``origins`` and ``zones`` are ends of names, without a leading dot;
    ``prefixes`` only where they are not simply what its networks announce; ``aliases`` other names that people type."""

    slug: str
    name: str
    kinds: tuple[str, ...]
    networks: tuple[int, ...] = ()
    origins: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    homepage: str = ""
    status: StatusPage = StatusPage()

    @property
    def key(self) -> str:
        """Its key as an entity."""
        return f"provider/{self.slug}"


@lru_cache(maxsize=1)
def registry() -> dict[str, Provider]:
    """All providers by slug, in the order of the file; those of ``providers_file`` last. Raises ConfigError."""
    from radar import settings  # late: settings are read by every process, the registry only by some

    own = files("radar").joinpath("data/providers.toml").read_text(encoding="utf-8")
    found = read(own, "radar/data/providers.toml")
    given = settings.load().providers_file
    if given:
        try:
            text = Path(given).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"RADAR_PROVIDERS_FILE: {given} cannot be read: {error}") from error
        found = read(text, given, found)
    return found


def read(text: str, place: str, before: Mapping[str, Provider] | None = None) -> dict[str, Provider]:
    """Providers of a TOML text, laid over those from ``before``; a field that is not given stays as it was.

    Raises
    ------
    ConfigError
        No TOML, or a field that is not as expected; names the place, the provider and the field.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place} is no TOML: {error}") from error
    found = dict(before or {})
    for slug, row in tables.items():
        if not _SLUG.fullmatch(slug):
            raise ConfigError(f"{place}: {slug!r} is no provider; expected lower-case letters, digits and hyphens")
        if not isinstance(row, dict):
            raise ConfigError(f"{place}: {slug} is {row!r}; expected a table")
        found[slug] = _provider(found.get(slug) or Provider(slug, slug, ("service",)), row, place)
    return found


def _provider(base: Provider, row: dict[str, Any], place: str) -> Provider:
    def wrong(field: str, expected: str) -> ConfigError:
        return ConfigError(f"{place}: {base.slug}.{field} is {str(row.get(field))[:80]!r}; expected {expected}")

    changed: dict[str, Any] = {}
    for field, value in row.items():
        if field in ("name", "homepage"):
            if not isinstance(value, str) or (field == "name" and not value.strip()):
                raise wrong(field, "a text")
            if field == "homepage" and value and not _is_address(value):
                raise wrong(field, "an https address")
            changed[field] = value
        elif field == "networks":
            if not _all(value, lambda n: isinstance(n, int) and not isinstance(n, bool) and 0 < n <= _ASN_MAX):
                raise wrong(field, "a list of AS numbers")
            changed[field] = tuple(value)
        elif field in ("kinds", "origins", "zones", "prefixes", "aliases"):
            if not _all(value, lambda text: isinstance(text, str)):
                raise wrong(field, "a list of texts")
            if field == "kinds" and not (value and set(value) <= set(KINDS)):
                raise wrong(field, f"some of {', '.join(KINDS)}")
            if field in ("origins", "zones") and not all(_HOST.fullmatch(name) for name in value):
                raise wrong(field, "ends of host names in lower case")
            changed[field] = tuple(value)
        elif field == "status":
            changed[field] = _status(value, wrong)
        else:
            raise ConfigError(f"{place}: {base.slug} has a field {field!r}; expected name, kinds, networks, origins, "
                              "zones, prefixes, aliases, homepage, status")  # fmt: skip
    return replace(base, **changed)


def _status(value: Any, wrong: Any) -> StatusPage:
    form = value.get("form") if isinstance(value, dict) else None
    url = value.get("url", "") if isinstance(value, dict) else None
    if form not in FORMS or not isinstance(url, str):
        raise wrong("status", f"a form of {', '.join(FORMS)} and a url")
    if form != "none" and not _is_address(url):
        raise wrong("status", "an https address for its url")
    return StatusPage(str(form), url.rstrip("/") if form == "statuspage" else url)


def _all(value: Any, test: Any) -> bool:
    return isinstance(value, list) and all(test(item) for item in value)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        return False


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """Ends of names to slugs; of two providers that name the same, the first."""
    found: dict[str, str] = {}
    for provider in registry().values():
        for name in (*provider.zones, *provider.origins):
            found.setdefault(name, provider.slug)
    return found


def provider_of_zone(zone: str) -> str | None:
    """The slug of the provider that a DNS zone or host belongs to, by its longest known ending; None when nobody's.

    Examples
    --------
    >>> provider_of_zone("api.GitHub.com.")
    'github'
    """
    labels = zone.lower().rstrip(".").split(".")
    known = _zones()
    for start in range(max(0, len(labels) - 8), len(labels)):
        slug = known.get(".".join(labels[start:]))
        if slug is not None:
            return slug
    return None


def name_of(slug: str) -> str:
    """The name a reader sees; the slug itself for a provider that is not in the registry."""
    provider = registry().get(slug)
    if provider is None:
        return slug
    return _(provider.name) if slug.startswith("our-") else provider.name


def of_network(asn: int) -> Provider | None:
    """The provider that a network belongs to, or None."""
    return next((provider for provider in registry().values() if asn in provider.networks), None)
