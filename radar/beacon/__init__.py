"""The beacon: readers measure their own connection to this site, if the operator allows it (setting ``speed_beacon``)
and only when they press the button on ``/measure``.

========== ==========================================================================================
``door``   the reader's address, which is shortened at once and goes no further than these modules
``places`` country and network of what is left of it
``limits`` how often one block of addresses may measure
``told``   what a browser may tell, checked
``kept``   the one line that stays
``routes`` the addresses ``/beacon/...``
========== ==========================================================================================

What is kept, and for how long, is in docs/beacon.md and on ``/privacy``; tests hold both to it. The source
``speed_beacon`` reads the lines. Standard library only: the web process must stay small.
"""
