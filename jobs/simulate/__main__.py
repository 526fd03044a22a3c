"""Write the simulated history: ``python -m jobs.simulate PATH``.

A process of its own, so that the memory it takes is given back.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from jobs.simulate import SEED, World


def main() -> int:
    """Draw 28 days and write them."""
    parser = argparse.ArgumentParser(prog="python -m jobs.simulate", description=__doc__)
    parser.add_argument("path", type=Path, help="Parquet file to write")
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    World(args.seed).write_history(args.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
