"""A seeded, simulated Internet for the demo: places, rhythms, outages; history as SIGNALS and hours as raw bytes."""

from jobs.simulate.world import SEED, World

__all__ = ["SEED", "World"]
