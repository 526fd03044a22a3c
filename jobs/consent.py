"""Which sources are collected here, and why the others are not: what the settings name, and what their terms ask for.

A source whose upstream asks for more than to be named (no open licence, no commercial use, academic use) is asked only
where the operator has said, with the setting ``accept_terms``, that its terms are accepted. Files that the operator
has, and their replay, are not affected: nobody is asked.
"""

from __future__ import annotations

from radar.errors import ConfigError
from radar.labels import _
from radar.settings import Settings
from radar.sources import Source, discover


def accepted(source: Source, settings: Settings) -> bool:
    """Whether the source's terms, if it has any, are accepted."""
    return not source.terms or "all" in settings.accept_terms or source.name in settings.accept_terms


def why_not(source: Source, settings: Settings) -> str:
    """Why a source is not collected with these settings, in a sentence; "" when it is."""
    if source.derived_from:
        parts = [module.SOURCE for name in source.derived_from.split(",") if (module := discover().get(name))]
        if any(not why_not(part, settings) for part in parts):
            return ""
        return _("It is worked out from {names}, of which none is collected here.").format(
            names=source.derived_from.replace(",", ", ")
        )
    if "all" not in settings.sources and source.name not in settings.sources:
        return _("RADAR_SOURCES does not name it.")
    if source.setting and not getattr(settings, source.setting):
        return _("{variable} is not set.").format(variable=f"RADAR_{source.setting.upper()}")
    if not accepted(source, settings):
        return _("Its terms are not accepted here: {terms}").format(terms=source.terms)
    return ""


def how_to_accept(source: Source) -> str:
    """What the operator does to have such a source collected."""
    return _("read the terms at {url}; if you accept them, add {name} to RADAR_ACCEPT_TERMS").format(
        url=source.licence_url, name=source.name
    )


def require(source: Source, settings: Settings) -> None:
    """Raise ConfigError, with the terms and how they are accepted, when a source may not be asked."""
    if not accepted(source, settings):
        raise ConfigError(
            _("{name} is not asked before its terms are accepted. {terms} To accept: {how}").format(
                name=source.name, terms=source.terms, how=how_to_accept(source)
            )
        )


def off(settings: Settings) -> dict[str, str]:
    """Every source that is not collected with these settings, with the reason."""
    reasons = {name: why_not(module.SOURCE, settings) for name, module in discover().items()}
    return {name: reason for name, reason in reasons.items() if reason}
