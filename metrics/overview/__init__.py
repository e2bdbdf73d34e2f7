"""The overview: today, this week and this month against the period before, the backlog and the queue."""
