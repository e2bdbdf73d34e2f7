"""Benchmarks: speed, measured as ratios. Run by `script/bench`."""
