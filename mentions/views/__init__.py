"""The pages of the desk. Each view: parse → authorise through a queryset → one verb → render."""
