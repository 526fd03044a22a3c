"""The catalogue of signals, and how their series are laid side by side in the store.

A series is a signal as one source saw it: ``bgp.visible_24s@ioda_signals``. Sources are never averaged; only the
fusion of alerts into outages joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Units of which there is a number at any time, unless a change of it is what is counted.
LEVELS = ("/24 blocks", "/48 blocks", "incidents", "level", "networks", "outages", "prefixes", "probes")

Scale = Literal["count", "share", "normalised", "ms", "mbps", "ratio"]
Profile = Literal["seasonal", "flat", "latency", "ratio", "burst", "none"]
Plane = Literal["control", "data", "quality"]

#: A month has no fixed length; this value stands for it wherever a grain in seconds is asked for.
MONTH_S = 2_592_000


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured quantity.

    ``bad`` is the direction that readers fear. ``profile`` names the detector; "none" is shown and never scored.
    ``plane``: does it speak of routes (control), of packets (data), or of how well packets travel (quality)?
    ``preferred`` is the source meant where only the signal is said. ``rises``: entity types of which a rise of this
    seasonal count is news too, as load and never as an outage. ``only``: entity types that are judged by it; the others
    are shown. () is all.
    """

    id: str
    title: str
    unit: str
    scale: Scale
    profile: Profile
    bad: Literal["low", "high"]
    plane: Plane
    preferred: str
    help: str
    rises: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def judges(self, entity: str) -> bool:
        """Whether this entity is judged by it; else it is only shown of it."""
        return self.profile != "none" and (not self.only or entity.partition("/")[0] in self.only)

    @property
    def level(self) -> bool:
        """Whether it tells how many there are at a time; another count tells how many came in a bin."""
        return self.scale == "count" and (self.profile == "flat" or (self.profile == "none" and self.unit in LEVELS))


@dataclass(frozen=True, slots=True)
class Group:
    """Series that share one packed row in the store. ``series`` only ever grows; a slot is never reused.

    ``width`` is the row's fixed number of slots (at most 8), ``grain_s`` the width of one bin in seconds.
    ``evaluated``: routes in it are evaluations of a routing table that we keep: most of many peers say the same, so one
    bin tells.
    """

    name: str
    grain_s: int
    width: int
    series: tuple[str, ...]
    evaluated: bool = False


def _signal(id: str, title: str, unit: str, scale: Scale, profile: Profile, bad: Literal["low", "high"],
            plane: Plane, preferred: str, help: str, rises: tuple[str, ...] = (),
            only: tuple[str, ...] = ()) -> Signal:  # fmt: skip
    return Signal(id, title, unit, scale, profile, bad, plane, preferred, help, rises, only)


NDT_PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)

#: Parts of an hour's connections, as titles say them.
_PARTS = {25: "p25", 50: "median", 75: "p75", 95: "p95"}

_ROWS: list[Signal] = [
    _signal("edge.requests", "Requests at our edge", "requests", "count", "seasonal", "low", "data", "edge_logs",
            "HTTP requests that reached the operator's own servers, per bin."),
    _signal("edge.bytes", "Bytes served at our edge", "bytes", "count", "none", "low", "data", "edge_logs",
            "Bytes sent in answer to HTTP requests, per bin."),
    _signal("edge.error_share", "Share of requests that failed", "share", "share", "ratio", "high", "quality",
            "edge_logs", "Answers with a 5xx status, or none at all, as a share of all requests of the bin."),
    _signal("edge.rtt_p50", "Round-trip time, median", "ms", "ms", "latency", "high", "quality", "edge_logs",
            "Median TCP or QUIC round-trip time of the bin's connections, as the server saw it."),
    _signal("edge.throughput_p50", "Throughput, median", "Mbit/s", "mbps", "none", "low", "quality", "edge_logs",
            "Median delivery rate of the bin's larger answers."),
    _signal("bgp.visible_24s", "Announced IPv4 space", "/24 blocks", "count", "flat", "low", "control", "ioda_signals",
            "/24 blocks (256 addresses each) that most full-feed peers see a route to."),
    _signal("bgp.visible_48s", "Announced IPv6 space", "/48 blocks", "count", "flat", "low", "control", "ris_live",
            "/48 blocks that more than half of the full-feed peers see a route to."),
    _signal("bgp.peer_share", "Peers that see its routes", "share", "share", "none", "low", "control", "ris_live",
            "Share of the full-feed peers that see the average announced IPv4 prefix."),
    _signal("bgp.visible_24s_hour", "Announced IPv4 space, at the hour's end", "/24 blocks", "count", "none", "low",
            "control", "ris_live", "/24 blocks that most full-feed peers saw in the hour's last minute."),
    _signal("bgp.visible_48s_hour", "Announced IPv6 space, at the hour's end", "/48 blocks", "count", "none", "low",
            "control", "ris_live", "/48 blocks that most full-feed peers saw in the hour's last minute."),
    _signal("bgp.peer_share_hour", "Peers that see its routes, at the hour's end", "share", "share", "none", "low",
            "control", "ris_live",
            "Share of the full-feed peers that saw the average announced IPv4 prefix in the hour's last minute."),
    _signal("bgp.announcements", "Route announcements", "announcements", "count", "none", "high", "control", "ris_live",
            "Announcements of its prefixes by all peers, per bin."),
    _signal("bgp.withdrawals", "Route withdrawals", "withdrawals", "count", "none", "high", "control", "ris_live",
            "Withdrawals of its prefixes by all peers, per bin."),
    _signal("bgp.origin_changes", "Changes of origin", "changes", "count", "none", "high", "control", "ris_live",
            "Times that a peer saw one of its prefixes move to another origin network, per bin."),
    _signal("bgp.moas", "Prefixes with several origins", "prefixes", "count", "none", "high", "control", "ris_live",
            "Prefixes that more than one network announces at the same time (MOAS)."),
    _signal("bgp.hijack_candidates", "Candidates for hijacks", "candidates", "count", "none", "high", "control",
            "origin_hijacks", "Times that another network began to announce its prefixes, or parts of them, per bin."),
    _signal("bgp.leak_candidates", "Candidates for route leaks", "candidates", "count", "none", "high", "control",
            "route_leaks", "Times that routes to it began to go over a network that should not pass them on, per bin."),
    _signal("ping.up_24s", "Blocks that answer pings", "/24 blocks", "count", "flat", "low", "data", "ioda_signals",
            "/24 blocks in which enough addresses answer active probing."),
    _signal("telescope.sources", "Sources seen by a telescope", "addresses", "count", "seasonal", "low", "data",
            "ioda_signals", "Distinct addresses that send unsolicited traffic to an unused address block."),
    _signal("google.search", "Google Search traffic", "index", "normalised", "seasonal", "low", "data",
            "ioda_signals", "Google Search traffic, normalised by the upstream."),
    _signal("bgp.visible_24s_norm", "Announced IPv4 space", "% of maximum", "normalised", "flat", "low", "control",
            "ioda_signals", "/24 blocks that most peers see a route to, as % of the export's maximum."),
    _signal("ping.up_24s_norm", "Blocks that answer pings", "% of maximum", "normalised", "flat", "low", "data",
            "ioda_signals", "/24 blocks that answer active probing, as % of the export's maximum."),
    _signal("telescope.sources_norm", "Sources seen by a telescope", "% of maximum", "normalised", "seasonal", "low",
            "data", "ioda_signals", "Distinct source addresses at a telescope, as % of the export's maximum."),
    _signal("google.search_norm", "Google Search traffic", "% of maximum", "normalised", "seasonal", "low", "data",
            "ioda_signals", "Google Search traffic, as % of the export's maximum."),
    _signal("mozilla.cities_norm", "Cities that report to Mozilla", "% of maximum", "normalised", "seasonal", "low",
            "data", "ioda_signals", "Cities seen in Mozilla's telemetry, as % of the export's maximum."),
    _signal("google.youtube", "YouTube traffic", "index", "normalised", "seasonal", "low", "data", "google_traffic",
            "YouTube traffic of a country as a share of the world's, scaled by the upstream; noise is added there."),
    _signal("bgp.prefixes_v4", "Announced IPv4 prefixes", "prefixes", "count", "flat", "low", "control",
            "ripestat_country", "IPv4 prefixes of a country that RIPE's route collectors see announced."),
    _signal("bgp.prefixes_v6", "Announced IPv6 prefixes", "prefixes", "count", "flat", "low", "control",
            "ripestat_country", "IPv6 prefixes of a country that RIPE's route collectors see announced."),
    _signal("bgp.networks", "Networks in the routing table", "networks", "count", "flat", "low", "control",
            "ripestat_country", "AS numbers of a country that RIPE's route collectors see announcing something."),
    _signal("registry.prefixes_v4", "Registered IPv4 prefixes", "prefixes", "count", "none", "low", "control",
            "ripestat_country", "IPv4 prefixes that the registries have registered for a country."),
    _signal("registry.prefixes_v6", "Registered IPv6 prefixes", "prefixes", "count", "none", "low", "control",
            "ripestat_country", "IPv6 prefixes that the registries have registered for a country."),
    _signal("registry.networks", "Registered networks", "networks", "count", "none", "low", "control",
            "ripestat_country", "AS numbers that the registries have registered for a country."),
    _signal("bgp.prefixes_v4_month", "Announced IPv4 prefixes, at the month's end", "prefixes", "count", "none", "low",
            "control", "ripestat_country", "The last count of the month, from days or weeks of the upstream."),
    _signal("bgp.prefixes_v6_month", "Announced IPv6 prefixes, at the month's end", "prefixes", "count", "none", "low",
            "control", "ripestat_country", "The last count of the month, from days or weeks of the upstream."),
    _signal("bgp.networks_month", "Networks in the routing table, at the month's end", "networks", "count", "none",
            "low", "control", "ripestat_country", "The last count of the month, from days or weeks of the upstream."),
    _signal("bgp.announced_24s", "Announced IPv4 space, at the day's end", "/24 blocks", "count", "flat", "low",
            "control", "ripestat_network", "/24 blocks that a network announces and at least ten full-feed peers see."),
    _signal("bgp.announced_48s", "Announced IPv6 space, at the day's end", "/48 blocks", "count", "flat", "low",
            "control", "ripestat_network", "/48 blocks that a network announces and at least ten full-feed peers see."),
    _signal("bgp.originated_v4", "IPv4 prefixes that it announces", "prefixes", "count", "none", "low", "control",
            "ripestat_network", "IPv4 prefixes that a network announces and at least ten full-feed peers see."),
    _signal("bgp.originated_v6", "IPv6 prefixes that it announces", "prefixes", "count", "none", "low", "control",
            "ripestat_network", "IPv6 prefixes that a network announces and at least ten full-feed peers see."),
    _signal("bgp.seen_by_v4", "Peers that see its IPv4 routes", "share", "share", "none", "low", "control",
            "ripestat_network", "Share of the peers of RIPE's route collectors that see an IPv4 route to a network."),
    _signal("bgp.seen_by_v6", "Peers that see its IPv6 routes", "share", "share", "none", "low", "control",
            "ripestat_network", "Share of the peers of RIPE's route collectors that see an IPv6 route to a network."),
    _signal("bgp.neighbours", "Neighbouring networks", "networks", "count", "none", "low", "control",
            "ripestat_network", "Networks seen next to this one in the paths of RIPE's route collectors."),
    _signal("bgp.announced_24s_month", "Announced IPv4 space, at the month's end", "/24 blocks", "count", "none", "low",
            "control", "ripestat_network", "Changes that lasted only days may be missing: the upstream left them out."),
    _signal("bgp.announced_48s_month", "Announced IPv6 space, at the month's end", "/48 blocks", "count", "none", "low",
            "control", "ripestat_network", "Changes that lasted only days may be missing: the upstream left them out."),
    _signal("bgp.originated_v4_month", "IPv4 prefixes that it announces, at the month's end", "prefixes", "count",
            "none", "low", "control", "ripestat_network",
            "Changes that lasted only days may be missing: the upstream left them out."),
    _signal("bgp.originated_v6_month", "IPv6 prefixes that it announces, at the month's end", "prefixes", "count",
            "none", "low", "control", "ripestat_network",
            "Changes that lasted only days may be missing: the upstream left them out."),
    _signal("atlas.connected", "Connected RIPE Atlas probes", "probes", "count", "flat", "low", "data", "atlas_probes",
            "Probes of volunteers that hold a connection to RIPE Atlas at the end of the bin."),
    _signal("atlas.disconnects", "RIPE Atlas probes that disconnected", "probes", "count", "burst", "high", "data",
            "atlas_probes", "Probes that lost their connection to RIPE Atlas in the bin and have not come back since."),
    _signal("atlas.connected_day", "Connected RIPE Atlas probes, per day", "probes", "count", "none", "low", "data",
            "atlas_probes", "Probes that were connected when RIPE Atlas took stock of the day."),
    _signal("atlas.rtt_p50", "Round-trip time of RIPE Atlas, median", "ms", "ms", "latency", "high", "quality",
            "atlas_results", "Median over pairs of network and target of the pair's median round-trip time."),
    _signal("atlas.loss", "Lost pings of RIPE Atlas", "share", "share", "ratio", "high", "quality", "atlas_results",
            "Share of ping packets that were not answered."),
    _signal("atlas.path_changes", "Changed paths of RIPE Atlas", "pairs", "count", "none", "high", "control",
            "atlas_results", "Pairs of network and target whose path led through other networks than the time before."),
    _signal("atlas.dns_failures", "Failed DNS queries of RIPE Atlas", "share", "share", "ratio", "high", "quality",
            "atlas_results", "Share of DNS queries without an answer, or answered with a server failure."),
    _signal("edge.clients", "Clients at our edge", "clients", "count", "none", "low", "data", "edge_logs",
            "Distinct client addresses of the bin, estimated by HyperLogLog; the addresses are not kept."),
    _signal("edge.client_error_share", "Share of requests that were refused", "share", "share", "none", "high",
            "quality", "edge_logs", "Answers with a 4xx status as a share of all requests of the bin."),
    _signal("edge.server_error_share", "Share of requests with a server error", "share", "share", "none", "high",
            "quality", "edge_logs", "Answers with a 5xx status as a share of all requests of the bin."),
    _signal("edge.unanswered_share", "Share of requests without an answer", "share", "share", "none", "high",
            "quality", "edge_logs", "Requests that got no answer as a share of all requests of the bin."),
    _signal("edge.http3_share", "Share of requests over HTTP/3", "share", "share", "none", "low", "quality",
            "edge_logs", "Requests over HTTP/3 (QUIC) as a share of those whose protocol the log names."),
    _signal("edge.reset_share", "Share of connections that were reset", "share", "share", "none", "high", "quality",
            "edge_logs", "Connections that ended with a TCP reset as a share of those whose end the log names."),
    _signal("edge.timeout_share", "Share of connections that timed out", "share", "share", "none", "high", "quality",
            "edge_logs", "Connections that timed out as a share of those whose end the log names."),
    *(_signal(f"edge.rtt_p{p}", f"Round-trip time, p{p}", "ms", "ms", "none", "high", "quality", "edge_logs",
              f"{p} % of the bin's connections had a round-trip time of at most this.") for p in (25, 75, 95)),
    *(_signal(f"edge.throughput_p{p}", f"Throughput, p{p}", "Mbit/s", "mbps", "none", "low", "quality", "edge_logs",
              f"{p} % of the bin's larger answers were delivered at most at this rate.") for p in (25, 75, 95)),
    _signal("edge.requests_hour", "Requests at our edge, per hour", "requests", "count", "none", "low", "data",
            "edge_logs", "HTTP requests that reached the operator's own servers, per hour."),
    _signal("edge.clients_hour", "Clients at our edge, per hour", "clients", "count", "none", "low", "data",
            "edge_logs", "Distinct client addresses of the hour, estimated by HyperLogLog; addresses are not kept."),
    _signal("edge.error_share_hour", "Share of requests that failed, per hour", "share", "share", "none", "high",
            "quality", "edge_logs", "Answers with a 5xx status, or none at all, as a share of the hour's requests."),
    *(_signal(f"edge.rtt_p{p}_hour", f"Round-trip time of the hour, {_PARTS[p]}", "ms", "ms", "none", "high", "quality",
              "edge_logs", f"{p} % of the hour's connections had a round-trip time of at most this.")
      for p in _PARTS),
    _signal("edge.rtt_low_hour", "Round-trip time of the hour, median at least", "ms", "ms", "none", "high", "quality",
            "edge_logs", "Lower end of the 95 % Wilson interval of the hour's median."),
    _signal("edge.rtt_high_hour", "Round-trip time of the hour, median at most", "ms", "ms", "none", "high", "quality",
            "edge_logs", "Upper end of the 95 % Wilson interval of the hour's median."),
    *(_signal(f"edge.throughput_p{p}_hour", f"Throughput of the hour, {_PARTS[p]}", "Mbit/s", "mbps", "none", "low",
              "quality", "edge_logs", f"{p} % of the hour's larger answers were delivered at most at this rate.")
      for p in _PARTS),
    _signal("edge.throughput_low_hour", "Throughput of the hour, median at least", "Mbit/s", "mbps", "none", "low",
            "quality", "edge_logs", "Lower end of the 95 % Wilson interval of the hour's median."),
    _signal("edge.throughput_high_hour", "Throughput of the hour, median at most", "Mbit/s", "mbps", "none", "low",
            "quality", "edge_logs", "Upper end of the 95 % Wilson interval of the hour's median."),
    _signal("dns.queries", "Queries at our resolvers", "queries", "count", "seasonal", "low", "data", "dns_logs",
            "DNS queries that reached the operator's own resolvers, per bin.", rises=("provider",)),
    _signal("dns.servfail_share", "Share of queries with a server failure", "share", "share", "ratio", "high",
            "quality", "dns_logs",
            "Queries answered with SERVFAIL or not at all, as a share of those whose end is known.",
            only=("provider",)),
    _signal("dns.nxdomain_share", "Share of queries for names that do not exist", "share", "share", "none", "high",
            "quality", "dns_logs", "Queries answered with NXDOMAIN as a share of those with a known end."),
    _signal("dns.clients", "Clients of our resolvers", "clients", "count", "none", "low", "data", "dns_logs",
            "Distinct client addresses of the bin, estimated by HyperLogLog; the addresses are not kept."),
    _signal("waf.matches", "Matches of attack rules, by origin", "matches", "count", "none", "high", "data",
            "waf_events", "Requests from there that matched a rule of the operator's firewall, per bin."),
    _signal("waf.matches_to", "Matches of attack rules, by target", "matches", "count", "none", "high", "data",
            "waf_events", "Requests to servers there that matched a rule of the operator's firewall, per bin."),
    _signal("status.impact", "What the provider says", "level", "count", "none", "high", "quality", "provider_status",
            "Worst impact among the provider's own open incidents: 0 none, 1 minor, 2 major, 3 critical."),
    _signal("status.incidents", "Open incidents that the provider tells of", "incidents", "count", "none", "high",
            "quality", "provider_status", "Incidents on the provider's own status page that are not resolved."),
    *(_signal(f"ooni.{test}_anomaly_share", f"{title} that meet signs of blocking", "share", "share", "none", "high",
              "quality", "ooni_aggregation", "Tests of volunteers with an anomaly or a block page as a share of those "
              "that worked; an anomaly is a sign, not proof.")
      for test, title in (("web", "Tests of websites"), ("tor", "Tests of Tor"), ("whatsapp", "Tests of WhatsApp"),
                          ("telegram", "Tests of Telegram"), ("signal", "Tests of Signal"))),
    _signal("ooni.web_blocked_share", "Tests of websites that meet a block page", "share", "share", "none", "high",
            "quality", "ooni_aggregation", "Tests of volunteers that met a known block page as a share of those that "
            "worked."),
    _signal("cloudflare.traffic", "Traffic at Cloudflare", "% of its mean", "normalised", "seasonal", "low", "data",
            "cloudflare_radar",
            "Web traffic that reaches Cloudflare, as % of the mean of the 14 days before the day."),
    _signal("cloudflare.outages", "Outages that Cloudflare tells of", "outages", "count", "none", "high", "quality",
            "cloudflare_radar", "Outages in the Cloudflare Radar Outage Center that lasted into the hour."),
    _signal("beacon.rtt_p50", "Readers' round-trip time, median", "ms", "ms", "none", "high", "quality", "speed_beacon",
            "Median round-trip time between this site and readers who measured their connection, per hour."),
    _signal("beacon.rtt_p75", "Readers' round-trip time, p75", "ms", "ms", "none", "high", "quality", "speed_beacon",
            "75 % of the readers who measured their connection had a round-trip time of at most this."),
    _signal("beacon.throughput_p25", "Readers' download rate, p25", "Mbit/s", "mbps", "none", "low", "quality",
            "speed_beacon", "25 % of the readers who measured their connection had a download rate of at most this."),
    _signal("beacon.throughput_p50", "Readers' download rate, median", "Mbit/s", "mbps", "none", "low", "quality",
            "speed_beacon", "Median rate of a short download by readers who measured their connection, per hour."),
]  # fmt: skip

for _p in NDT_PERCENTILES:
    _worse = "half of the tests are" if _p == 50 else f"{_p} % of the tests are"
    _ROWS += [
        _signal(f"ndt.download_p{_p}", f"Download speed, p{_p}", "Mbit/s", "mbps", "none", "low", "quality", "mlab_ndt",
                f"Single-stream NDT download speed; {_worse} slower than this."),
        _signal(f"ndt.upload_p{_p}", f"Upload speed, p{_p}", "Mbit/s", "mbps", "none", "low", "quality", "mlab_ndt",
                f"Single-stream NDT upload speed; {_worse} slower than this."),
        _signal(f"ndt.rtt_p{_p}", f"Smallest round-trip time, p{_p}", "ms", "ms", "none", "high", "quality", "mlab_ndt",
                f"Smallest round-trip time of a download test; {_worse} slower (higher) than this."),
        _signal(f"ndt.loss_p{_p}", f"Packet loss, p{_p}", "ratio", "ratio", "none", "high", "quality", "mlab_ndt",
                f"Share of bytes sent again in a download test; {_worse} worse (higher) than this."),
    ]  # fmt: skip

#: The catalogue, by id.
SIGNALS: dict[str, Signal] = {row.id: row for row in _ROWS}

#: Row layouts, by name. The order of series in a group is for ever: append only, never reuse a slot.
GROUPS: dict[str, Group] = {
    group.name: group
    for group in [
        Group("edge", 300, 5, ("edge.requests@edge_logs", "edge.error_share@edge_logs", "edge.rtt_p50@edge_logs",
                               "edge.bytes@edge_logs", "edge.throughput_p50@edge_logs")),
        Group("ioda5", 300, 2, ("bgp.visible_24s@ioda_signals", "telescope.sources@ioda_signals")),
        Group("ioda10", 600, 1, ("ping.up_24s@ioda_signals",)),
        Group("ioda30", 1800, 5, ("google.search@ioda_signals", "bgp.visible_24s_norm@ioda_signals",
                                  "ping.up_24s_norm@ioda_signals", "telescope.sources_norm@ioda_signals",
                                  "google.search_norm@ioda_signals")),
        Group("ioda60", 3600, 1, ("mozilla.cities_norm@ioda_signals",)),
        # routes from the stream: judged each minute; what is only shown lies apart, so that it takes no detector's room
        Group("ris", 60, 4, ("bgp.visible_24s@ris_live", "bgp.visible_48s@ris_live", "bgp.peer_share@ris_live"),
              evaluated=True),
        Group("risact", 60, 4, ("bgp.announcements@ris_live", "bgp.withdrawals@ris_live",
                                "bgp.origin_changes@ris_live", "bgp.moas@ris_live")),
        Group("rishour", 3600, 3, ("bgp.visible_24s_hour@ris_live", "bgp.visible_48s_hour@ris_live",
                                   "bgp.peer_share_hour@ris_live")),
        Group("mrt", 300, 8, ("bgp.visible_24s@mrt_files", "bgp.visible_48s@mrt_files", "bgp.peer_share@mrt_files",
                              "bgp.announcements@mrt_files", "bgp.withdrawals@mrt_files",
                              "bgp.origin_changes@mrt_files", "bgp.moas@mrt_files"), evaluated=True),
        Group("hijacks", 300, 1, ("bgp.hijack_candidates@origin_hijacks",)),
        Group("leaks", 300, 1, ("bgp.leak_candidates@route_leaks",)),
        Group("google", 7200, 1, ("google.youtube@google_traffic",)),
        *(Group(f"ndt{p}", MONTH_S, 4, (f"ndt.download_p{p}@mlab_ndt", f"ndt.upload_p{p}@mlab_ndt",
                                        f"ndt.rtt_p{p}@mlab_ndt", f"ndt.loss_p{p}@mlab_ndt")) for p in NDT_PERCENTILES),
        Group("ripecc", 3600, 6, ("bgp.prefixes_v4@ripestat_country", "bgp.prefixes_v6@ripestat_country",
                                  "bgp.networks@ripestat_country", "registry.prefixes_v4@ripestat_country",
                                  "registry.prefixes_v6@ripestat_country", "registry.networks@ripestat_country")),
        Group("ripeccmo", MONTH_S, 3, ("bgp.prefixes_v4_month@ripestat_country",
                                       "bgp.prefixes_v6_month@ripestat_country",
                                       "bgp.networks_month@ripestat_country")),
        Group("ripeas", 86_400, 7, ("bgp.announced_24s@ripestat_network", "bgp.announced_48s@ripestat_network",
                                    "bgp.originated_v4@ripestat_network", "bgp.originated_v6@ripestat_network",
                                    "bgp.seen_by_v4@ripestat_network", "bgp.seen_by_v6@ripestat_network",
                                    "bgp.neighbours@ripestat_network")),
        Group("ripeasmo", MONTH_S, 4, ("bgp.announced_24s_month@ripestat_network",
                                       "bgp.announced_48s_month@ripestat_network",
                                       "bgp.originated_v4_month@ripestat_network",
                                       "bgp.originated_v6_month@ripestat_network")),
        Group("atlas", 300, 2, ("atlas.connected@atlas_probes", "atlas.disconnects@atlas_probes")),
        Group("atlasday", 86_400, 1, ("atlas.connected_day@atlas_probes",)),
        Group("edgemore", 300, 8, ("edge.rtt_p25@edge_logs", "edge.rtt_p75@edge_logs", "edge.rtt_p95@edge_logs",
                                   "edge.throughput_p25@edge_logs", "edge.throughput_p75@edge_logs",
                                   "edge.throughput_p95@edge_logs", "edge.clients@edge_logs",
                                   "edge.http3_share@edge_logs")),
        Group("edgeends", 300, 5, ("edge.client_error_share@edge_logs", "edge.server_error_share@edge_logs",
                                   "edge.unanswered_share@edge_logs", "edge.reset_share@edge_logs",
                                   "edge.timeout_share@edge_logs")),
        Group("edgehour", 3600, 8, ("edge.rtt_p25_hour@edge_logs", "edge.rtt_p50_hour@edge_logs",
                                    "edge.rtt_p75_hour@edge_logs", "edge.rtt_p95_hour@edge_logs",
                                    "edge.rtt_low_hour@edge_logs", "edge.rtt_high_hour@edge_logs",
                                    "edge.requests_hour@edge_logs", "edge.clients_hour@edge_logs")),
        Group("edgerate", 3600, 8, ("edge.throughput_p25_hour@edge_logs", "edge.throughput_p50_hour@edge_logs",
                                    "edge.throughput_p75_hour@edge_logs", "edge.throughput_p95_hour@edge_logs",
                                    "edge.throughput_low_hour@edge_logs", "edge.throughput_high_hour@edge_logs",
                                    "edge.error_share_hour@edge_logs")),
        Group("dns", 300, 4, ("dns.queries@dns_logs", "dns.servfail_share@dns_logs", "dns.nxdomain_share@dns_logs",
                              "dns.clients@dns_logs")),
        Group("waf", 300, 2, ("waf.matches@waf_events", "waf.matches_to@waf_events")),
        Group("status", 300, 2, ("status.impact@provider_status", "status.incidents@provider_status")),
        Group("atlasrtt", 3600, 4, ("atlas.rtt_p50@atlas_results", "atlas.loss@atlas_results",
                                    "atlas.path_changes@atlas_results", "atlas.dns_failures@atlas_results")),
        Group("ooni", 86_400, 8, ("ooni.web_anomaly_share@ooni_aggregation", "ooni.tor_anomaly_share@ooni_aggregation",
                                  "ooni.whatsapp_anomaly_share@ooni_aggregation",
                                  "ooni.telegram_anomaly_share@ooni_aggregation",
                                  "ooni.signal_anomaly_share@ooni_aggregation",
                                  "ooni.web_blocked_share@ooni_aggregation")),
        Group("cloudflare", 3600, 2, ("cloudflare.traffic@cloudflare_radar", "cloudflare.outages@cloudflare_radar")),
        Group("beacon", 3600, 4, ("beacon.rtt_p50@speed_beacon", "beacon.rtt_p75@speed_beacon",
                                  "beacon.throughput_p25@speed_beacon", "beacon.throughput_p50@speed_beacon")),
    ]
}  # fmt: skip

#: Units that are counted, and what one of them is called.
ONE: dict[str, str] = {
    "/24 blocks": "/24 block", "/48 blocks": "/48 block", "addresses": "address", "announcements": "announcement",
    "bytes": "byte", "candidates": "candidate", "changes": "change", "clients": "client", "incidents": "incident",
    "matches": "match", "networks": "network", "outages": "outage", "pairs": "pair", "prefixes": "prefix",
    "probes": "probe", "queries": "query", "requests": "request", "withdrawals": "withdrawal",
}  # fmt: skip


def counted(unit: str) -> tuple[str, str]:
    """The messages for one and for many of a unit of ``ONE``.

    >>> counted("queries")
    ('{n} query', '{n} queries')
    """
    return f"{{n}} {ONE[unit]}", f"{{n}} {unit}"


#: Where each series lies: series id -> (group, slot).
SLOTS: dict[str, tuple[Group, int]] = {
    series: (group, slot) for group in GROUPS.values() for slot, series in enumerate(group.series)
}

#: The series of hours that stands for one of minutes when its bins are no longer kept.
HOURLY: dict[str, str] = {series: hourly for series, (group, _slot) in SLOTS.items()
                          if group.grain_s < 300 and (hourly := series.replace("@", "_hour@")) in SLOTS}  # fmt: skip


def series_id(signal: str, source: str | None = None) -> str:
    """``signal@source``; without a source, the catalogue's preferred one. Raises KeyError for an unknown signal."""
    return f"{signal}@{source or SIGNALS[signal].preferred}"


def split(series: str) -> tuple[str, str]:
    """The signal and the source of a series id."""
    signal, _, source = series.partition("@")
    return signal, source
