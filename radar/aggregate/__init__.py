"""SIGNALS to SERIES: long rows become dense bins with explicit gaps."""
