"""The report pages: parse their query strings, and prepare labels, links and the overview."""
