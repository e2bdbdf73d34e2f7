"""Tests a query or an ignore rule on recent items before it goes live, and lists ignored items."""
