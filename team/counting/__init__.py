"""The team's day in numbers: month by month, each with what it counts."""
