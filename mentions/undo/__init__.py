"""The undo window: how long what was done can be taken back, and by whom."""
