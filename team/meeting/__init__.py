"""The monthly meeting: who does the slides, timely prompts, numbers to paste, and the report that they are done."""
