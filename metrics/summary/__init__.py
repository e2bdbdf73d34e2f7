"""What changed between two periods, in plain sentences: for the monthly package and the weekly digest."""
