"""The expert directory, and finding experts for a mention."""
