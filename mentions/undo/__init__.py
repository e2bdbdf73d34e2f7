"""The undo window: how long an action can be undone, and by whom."""
