"""Everything we send: drafts, handles, the send guard, the undo window, delivery, likes, posts.

`replies` schedules and undoes; `promises` is the state machine behind every outgoing action.
"""
