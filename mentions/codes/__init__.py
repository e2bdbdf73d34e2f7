"""Discount and swag codes: imported, drawn by macros, given once."""
