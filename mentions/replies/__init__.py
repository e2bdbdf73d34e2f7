"""Everything we send: drafts, handles, the send guard, the undo window, delivery, likes, posts.

`replies` schedules and undoes; `sending_states` is the state machine behind every outgoing action.
"""
