"""Questions in Slack that a parked ticket waits for; the answer in the thread returns it with the words."""
