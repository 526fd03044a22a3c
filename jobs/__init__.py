"""The runnable steps, and the processes that run them. ``radar`` (``jobs.cli``) is their command line."""
