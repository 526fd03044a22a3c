"""Drawings: numbers in, a finished SVG text or a Plotly dict figure out. No Dash, no Polars, no NumPy, no I/O but packaged data."""
