"""Which of our handles should answer, which may, and what to note when the wrong one did."""
