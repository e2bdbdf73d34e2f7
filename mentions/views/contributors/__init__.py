"""Marks on people: given beside the conversation, listed, imported, taken in by webhook; suggested swag."""
