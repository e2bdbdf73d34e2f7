"""The monthly meeting: whose turn the slides are, prompts in time, numbers to paste, and the report that it is done."""
