"""The team's day: who is on, who is away, and which hours nobody covers."""
