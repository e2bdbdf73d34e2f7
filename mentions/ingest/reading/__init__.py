"""Reads leased inbox items into mentions, and loads what the batch already has in the desk."""
