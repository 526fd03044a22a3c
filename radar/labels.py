"""Every word a reader sees for a state, a severity, a cause, a unit. Pages, API and feeds share them.

Texts are gettext messages: ``_`` looks them up in the catalogue of the language that is spoken now
(``radar.languages``). Tables hold the English message; call the function to get the reader's language.
"""

from __future__ import annotations

from radar import languages


def _(message: str) -> str:
    """The message in the reader's language. An empty text stays empty."""
    return languages.catalogue(languages.current()).gettext(message) if message else ""


def ngettext(one: str, many: str, n: int) -> str:
    """The form of the message that fits the number; the caller formats ``{n}``."""
    return languages.catalogue(languages.current()).ngettext(one, many, n)


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "mark, do not translate yet"
    """Mark a message of a table for extraction."""
    return message


STATES: dict[str, str] = {
    "ok": N_("Normal"),
    "degraded": N_("Degraded"),
    "outage": N_("Outage"),
    "insufficient": N_("Too little data"),
}

#: What is marked of a region within a country, by level.
REGIONS: dict[str, str] = {"outage": N_("Region in outage"), "degraded": N_("Region degraded")}

STATE_HELP: dict[str, str] = {
    "ok": N_("What we measure is within its usual range."),
    "degraded": N_("A confident loss of 10 to 50 %, or performance out of its usual range."),
    "outage": N_("A confident loss of more than half."),
    "insufficient": N_("We see too little here to say anything. This does not mean that all is well."),
}

VERDICTS: dict[str, str] = {
    "affected": N_("sees it"),
    "not_affected": N_("does not see it"),
    "insufficient": N_("cannot see"),
}

STATUSES: dict[str, str] = {
    "open": N_("Ongoing"),
    "closed": N_("Ended"),
    "retracted": N_("Retracted"),
}

CAUSES: dict[str, str] = {
    "cable_cut": N_("a cable cut"),
    "power": N_("a power failure"),
    "routing": N_("a routing failure"),
    "provider": N_("a fault at one provider"),
    "shutdown": N_("a pattern consistent with a directed shutdown"),
    "disaster": N_("a natural disaster"),
    "maintenance": N_("maintenance"),
    "measurement": N_("a fault in our own measurement"),
    "unknown": N_("not known"),
}

SOURCE_STATES: dict[str, str] = {
    "ok": N_("On time"),
    "late": N_("Late"),
    "failing": N_("Failing"),
    "history": N_("Recorded history"),
    "never": N_("No data yet"),
    "off": N_("Not switched on"),
}

UPDATE_KINDS: dict[str, str] = {
    "opened": N_("Published"),
    "updated": N_("Updated"),
    "corrected": N_("Corrected"),
    "restoring": N_("Coming back"),
    "closed": N_("Ended"),
    "reopened": N_("Back again"),
    "retracted": N_("Retracted"),
    "confirmed": N_("Confirmed"),
    "muted": N_("Muted"),
    "unmuted": N_("No longer muted"),
    "withdrawn": N_("Taken back"),
}

ENTITY_TYPES: dict[str, str] = {
    "country": N_("Country"),
    "region": N_("Region"),
    "asn": N_("Network"),
    "geoasn": N_("Network in a country"),
    "provider": N_("Provider"),
}

PLANES: dict[str, str] = {
    "control": N_("routes (control plane)"),
    "data": N_("packets (data plane)"),
    "quality": N_("quality"),
}

GLOSSARY: dict[str, str] = {
    "/24": N_("A block of 256 IPv4 addresses, the smallest that is commonly routed on its own."),
    "ASN": N_("Autonomous system number: identifies one network on the Internet."),
    "RTT": N_("Round-trip time: how long a packet takes there and back."),
    "baseline": N_("What is normal for this hour of the week, from the last four weeks."),
    "full-feed peer": N_("A router that tells the collector about all routes it knows."),
    "telescope": N_("An unused block of addresses; what arrives there is noise sent from everywhere."),
    "p50": N_("The median: half of the measurements lie below it."),
}


#: From how much confidence on it is called high, and medium.
HIGH, MEDIUM = 0.9, 0.7


def confidence_words(p: float | None) -> str:
    """Confidence as a word: "high", "medium", "low"; "not stated" for None."""
    if p is None:
        return _("not stated")
    if p >= HIGH:
        return _("high")
    return _("medium") if p >= MEDIUM else _("low")


def duration(minutes: float) -> str:
    """A duration to two significant parts: "under a minute", "25 min", "5 h 20 min", "3 days", "41 days"."""
    if minutes < 1:
        return _("under a minute")
    whole = round(minutes)
    if whole < 60:
        return _("{n} min").format(n=whole)
    if whole < 48 * 60:
        hours, rest = divmod(whole, 60)
        return _("{h} h {m} min").format(h=hours, m=rest) if rest else _("{h} h").format(h=hours)
    days = round(whole / 1440)
    return ngettext("{n} day", "{n} days", days).format(n=days)
