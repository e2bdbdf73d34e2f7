"""Marks on people."""
