"""One series against its normal: finished SVG for the first response, and a Plotly figure that takes over in place.

The observed line is dark, what is usual a pale band with its median dotted, the threshold a hairline, outages shaded
spans with their label on the chart. A bin without data is a gap with dashed edges: never a zero, never a line across.
``table`` gives exactly what is drawn.
"""

from __future__ import annotations

from radar.figures.chart import Chart, Span, credit, describe, table
from radar.figures.line_plotly import CONFIG, figure
from radar.figures.line_svg import svg

__all__ = ["CONFIG", "Chart", "Span", "credit", "describe", "figure", "svg", "table"]
