"""Tests of ``radar stream``."""
