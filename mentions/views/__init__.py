"""The desk's pages. Each view: parse → authorise through a queryset → one verb → render."""
