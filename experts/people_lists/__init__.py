"""Imports lists of colleagues into the directory: CSV files, team pages."""
