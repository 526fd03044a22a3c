"""Reusable pieces of pages: Dash components that the server can also write as finished HTML."""
