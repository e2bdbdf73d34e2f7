"""The pages of release days: the list with its rota and swaps, and one day with everything its owner needs."""
