"""Every channel's figures of a period side by side, and its mentions day by day."""
