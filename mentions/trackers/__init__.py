"""Issues: opened from a ticket or linked to it, followed until they are closed and the requester has been told."""
