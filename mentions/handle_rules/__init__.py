"""Which of our handles should answer, which may, and what to note when another one did."""
