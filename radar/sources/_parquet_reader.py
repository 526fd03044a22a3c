"""A process of its own that reads one Parquet file from standard input and writes Arrow IPC to standard output.

A damaged Parquet file can end the process that reads it: Polars believes the sizes in its footer, and a failed
allocation aborts. In here that costs one answer; in a worker it would cost all jobs. Exit code 3: the file cannot be
read, with the reason on standard output.

Arguments: the columns to read, if they are there; none means all.
"""

from __future__ import annotations

import io
import sys

import polars as pl


def main(wanted: list[str]) -> int:
    """Read, write, and return the exit code."""
    body = io.BytesIO(sys.stdin.buffer.read())
    out = io.BytesIO()
    try:
        names = pl.read_parquet_schema(body)
        body.seek(0)
        pl.read_parquet(body, columns=[name for name in names if not wanted or name in wanted]).write_ipc(out)
    except BaseException as error:  # a panic of Polars is no Exception, and all that is left here is to say it
        sys.stdout.buffer.write((str(error).strip() or type(error).__name__).encode("utf-8", "replace"))
        return 3
    sys.stdout.buffer.write(out.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
