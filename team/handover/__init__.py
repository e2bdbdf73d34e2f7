"""Hand-over: at the end of somebody's day, their open tickets go to the next person or an expert, or stay."""
