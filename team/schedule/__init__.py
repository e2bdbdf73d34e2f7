"""What the team hears of its schedule: open hours of tomorrow, and pauses in which the desk announced nothing."""
