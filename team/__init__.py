"""The team's day: who is on, who is away, and where nobody is there."""
