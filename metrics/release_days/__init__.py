"""Release days against ordinary days: how many mentions more, where, and how fast they were answered."""
