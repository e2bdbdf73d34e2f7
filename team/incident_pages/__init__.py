"""The pages of incidents: the list, one incident, the preview of a bulk reply, the panel on a ticket."""
