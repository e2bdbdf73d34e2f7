"""Marks on people, and suggested swag."""
