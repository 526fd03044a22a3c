"""Benchmarks. ``python -m tests.benchmarks [NAME] [--rows N] [--json]`` runs all of them or one.

A benchmark is a module in this folder with ``run(rows: int | None) -> dict``: ``rows`` is the size of the work (None:
the benchmark's own), the result is ::

    {"name": ..., "value": ..., "unit": ..., "peers": {peer: value}, "ratios": {peer: ours / theirs}, "details": {...}}

``peers`` are measured in the same run on the same machine; ``details`` (optional) holds what else was seen. The
runner adds ``peak_mb``, the largest memory of the benchmark's process. A module that starts with ``_`` is a helper.
"""
