"""Nudges from below: what has just been stored or delivered is worked on at once; the sweeps find what was missed."""
