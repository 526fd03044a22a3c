"""The routing table as route collectors see it: readers of BGP data, the state they feed, and what is judged from it.

======================== =======================================================================
``routing.mrt``          MRT files (RIBs and updates) to elements
``routing.ris``          RIS Live messages to elements
``routing.space``        prefixes to countries, /24 and /48 blocks
``routing.table``        per prefix: which peers see it, with which origin; ``routing.cells``: what it is made of
``routing.quorum``       whose view counts: peers that are live, whole and carry a full table
``routing.views``        the table evaluated: blocks, peers' share and activity of every country and network
``routing.session``      elements in, SIGNALS out: one table on its own clock, evaluated each minute
``routing.ways``         over which networks routes run, as a few peers see it
``routing.hegemony``     who depends on whom to be reached; ``routing.lasting``: since when two are neighbours
``routing.snapshot``     the table on disk and back
``routing.rpki``         validated ROA payloads: is an origin valid for a prefix?
``routing.relations``    who is whose customer
``routing.origins``      candidates for origin hijacks, from changes of origin
``routing.leaks``        candidates for route leaks, from paths
======================== =======================================================================

**Elements.** Both readers give the same plain tuples, six places each, so that a million of them a second can be made::

    (time, peer, peer_as, kind, prefix, path)

``time``     seconds since the epoch, UTC, a float (microseconds where the record has them)
``peer``     the peer's address as text, as ``ipaddress`` writes it: "193.0.0.56", "2001:7f8::d1f:0:1"
``peer_as``  its AS number
``kind``     "A" announced, "W" withdrawn, "B" an entry of a table dump, "S" the session changed its state
``prefix``   "192.0.2.0/24", "2001:db8::/32", canonical; for "S" the text of the new state: "up" or "down"
``path``     AS path as bgpdump writes it: "3333 1299 64511", sets as "{64511,64512}", confederations in "(1 2)" and
             "[1,2]"; None for "W" and "S"

The origin is the last AS of the path; a path that ends in a set has none.
"""

from __future__ import annotations

#: (time, peer, peer_as, kind, prefix, path); see above.
Element = tuple[float, str, int, str, str, str | None]
