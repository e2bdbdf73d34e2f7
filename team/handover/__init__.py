"""Hand-over: what is open and somebody's at the end of their day goes to the next, to an expert, or stays theirs."""
