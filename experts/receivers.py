"""Nudges from the desk: an ingested message may answer a running outreach; the sweep finds what was missed."""
