"""Public web forms, and the admin forms built from adapters' fields."""
