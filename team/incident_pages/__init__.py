"""The pages of incidents: list, one of them, the preview of a bulk reply, the panel of a ticket."""
