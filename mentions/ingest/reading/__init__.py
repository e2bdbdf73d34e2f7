"""Reads leased inbox items into mentions, and loads what the desk already has for the batch."""
