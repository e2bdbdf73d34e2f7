"""Issues: opened from a ticket, linked to it, followed until they are closed and the requester knows."""
