"""When mentions arrive and when the team answers, by weekday and hour, against the coverage hours."""
