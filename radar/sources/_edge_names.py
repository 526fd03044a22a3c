"""What request logs call their fields, program by program, and what those are called here."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: The columns that are read, with the type they have where all is well. No other is ever looked at.
COLUMNS: dict[str, type[pl.DataType]] = {
    "time": pl.String,
    "country": pl.String,
    "asn": pl.Int64,
    "status": pl.Int64,
    "bytes": pl.Int64,
    "rtt_ms": pl.Float64,
    "throughput_mbps": pl.Float64,
    "provider": pl.String,
    "origin": pl.String,
    "protocol": pl.String,
    "tcp_end": pl.String,
    "client": pl.String,
}

_NGINX = {
    "remote_addr": "client", "status": "status", "body_bytes_sent": "bytes", "bytes_sent": "bytes",
    "server_protocol": "protocol", "tcpinfo_rtt": "rtt_us", "country": "country",
    "geoip_country_code": "country", "geoip2_data_country_code": "country", "asn": "asn", "provider": "provider",
    "rtt_ms": "rtt_ms", "throughput_mbps": "throughput_mbps", "tcp_end": "tcp_end",
}  # fmt: skip
_APACHE = {
    "client": "client", "client_ip": "client", "clientip": "client", "remote_addr": "client", "remote_ip": "client",
    "status": "status", "response": "status", "bytes": "bytes", "size": "bytes", "protocol": "protocol",
    "country": "country", "asn": "asn", "rtt_ms": "rtt_ms", "provider": "provider",
}  # fmt: skip
_LOGPUSH = {
    "ClientIP": "client", "ClientCountry": "country", "ClientASN": "asn", "EdgeResponseStatus": "status",
    "EdgeResponseBytes": "bytes", "ClientRequestProtocol": "protocol", "ClientTCPRTTMs": "rtt_ms",
}  # fmt: skip
_CADDY = {
    "status": "status", "size": "bytes", "request.client_ip": "client", "request.remote_ip": "client",
    "request.proto": "protocol",
}  # fmt: skip

#: Who writes a line is told by its field for the time: that field -> what its fields are called here. The first that
#: is not null counts; ``a.b`` is a field in an object; ``rtt_us`` is a time in microseconds.
FORMS: dict[str, dict[str, str]] = {
    "time": {name: name for name in COLUMNS} | {"client_ip": "client", "remote_addr": "client"},
    "time_iso8601": {"time_iso8601": "time", **_NGINX},
    "time_local": {"time_local": "time", **_NGINX},
    "msec": {"msec": "time", **_NGINX},
    "EdgeStartTimestamp": {"EdgeStartTimestamp": "time", **_LOGPUSH},
    "ts": {"ts": "time", **_CADDY},
    "@timestamp": {"@timestamp": "time", **_APACHE},
    "timestamp": {"timestamp": "time", **_APACHE},
}

#: Fields in which the program says 0 for what it does not know.
_ZERO_IS_NONE = frozenset({"ClientTCPRTTMs", "ClientASN", "tcpinfo_rtt"})


#: Columns of text, which may come as numbers of texts.
_NUMBERED = frozenset(name for name, kind in COLUMNS.items() if kind == pl.String) - {"time"}


def named(table: pl.DataFrame, form: Mapping[str, str]) -> pl.DataFrame:
    """Our names for a form's; of several fields for one column the first that is not null."""
    found: dict[str, list[pl.Expr]] = {}
    for field, name in form.items():
        outer, _, inner = field.partition(".")
        if outer not in table.columns:
            continue
        value = pl.col(outer).struct.field(inner) if inner else pl.col(outer)
        if name == "rtt_us":
            name, value = "rtt_ms", value.cast(pl.Float64, strict=False) / 1000
        if field in _ZERO_IS_NONE:
            value = pl.when(value.cast(pl.Float64, strict=False) != 0).then(value)
        found.setdefault(name, []).append(value)
    for name, values in found.items():
        if len(values) > 1 and name in _NUMBERED:  # texts that are numbered otherwise in each column
            found[name] = [value.cast(pl.String) for value in values]
    kept = ["line"] if "line" in table.columns else []
    return table.select(
        *kept, **{name: values[0] if len(values) == 1 else pl.coalesce(values) for name, values in found.items()}
    )
