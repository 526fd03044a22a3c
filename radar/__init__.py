"""Internet Radar: a public, self-hostable radar for the health of the Internet."""

__version__ = "0.1.0"
