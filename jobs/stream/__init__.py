"""``radar stream``: the process that listens to a streaming source, one for each.

==================== ==========================================================================
``stream.spool``     messages on disk in the order in which they came: the queue of the process
``stream.listen``    the connection: a thread that only writes to the spool, and notes every gap
``stream.follow``    from the spool to the routing table, minute by minute, with snapshots
``stream.fill``      what was missed, from the collectors' own files
``stream.tell``      what the site is told: document ``routing`` and the hash of routes
``stream.run``       all of them together
==================== ==========================================================================

**The spool is the queue.** What is archived and published follows from the newest snapshot and the spool alone: a
process that is killed anywhere goes on from there with the same result, and nothing is counted twice.
"""
