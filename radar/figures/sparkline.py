"""A line of a table row (signature; drawing follows)."""

from __future__ import annotations

from collections.abc import Sequence


def svg(
    values: Sequence[float | None], baseline: Sequence[float | None], state: str, width: int = 120, height: int = 28
) -> str:
    return f'<svg class="spark s-{state}" width="{width}" height="{height}" role="img"></svg>'
