"""The ticket page: conversation, sidebar, panels, attachments, and every action on it."""
