"""Drawings: numbers in; a finished SVG text or a Plotly dict figure out.

No Dash, no Polars, no NumPy, and no reading but of packaged data.
"""
