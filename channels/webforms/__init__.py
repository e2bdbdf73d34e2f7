"""Public web forms and the admin forms that adapters declare."""
