"""A process of its own that cuts some rows out of a Parquet file; see :mod:`radar.sources._parquet_reader` for why.

Arguments: ``PATH count``, or ``PATH`` with the first row and how many. Exit code 3: the file cannot be read.
"""

from __future__ import annotations

import io
import sys

import polars as pl


def main(arguments: list[str]) -> int:
    """Write a number, or a Parquet file, to standard output; return the exit code."""
    path, *asked = arguments
    try:
        table = pl.scan_parquet(path)
        if asked == ["count"]:
            sys.stdout.write(str(table.select(pl.len()).collect().item()))
            return 0
        out = io.BytesIO()
        table.slice(int(asked[0]), int(asked[1])).collect().write_parquet(out)
    except BaseException:  # a panic of Polars is no Exception
        return 3
    sys.stdout.buffer.write(out.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
