"""The exam of the detector: generated worlds, other methods on the same data, and marks."""
