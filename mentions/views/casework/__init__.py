"""Panels next to the conversation about things outside the desk: its report, issues, application and codes."""
