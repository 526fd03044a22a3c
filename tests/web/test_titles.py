"""Titles of charts: what is measured, and by whom where several do."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from radar.signals import GROUPS
from radar.store import blocks, documents
from tests import samples
from tests.web.conftest import Site
from tests.web.test_pages import Reader


def test_two_sources_of_one_signal_are_told_apart(site: Site) -> None:
    docs, states = samples.sample_documents()
    states["country/IQ"]["series"].append("bgp.visible_24s@ris_live")
    documents.publish(site.store, docs, states, {})
    start = samples.NOW - timedelta(hours=3)
    group = GROUPS["ris"]
    blocks.write_bins(site.store, group, "value", ["country/IQ"], start, np.full((1, 180, group.width), 4500.0))
    text = Reader(site.page("/country/IQ")).text
    for source in ("Sample ris_live of routes", "Sample ioda_signals"):
        titles = [words for words in text if words.startswith(f"Announced IPv4 space, {source}")]
        assert len(titles) >= 2, f"its chart and its line under routes and packets, {source}"
    assert "Announced IPv4 space" not in text
    assert "Requests at our edge" in text, "what one source alone measures needs no more than its name"
