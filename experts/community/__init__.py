"""Community involvement: shares a solved ticket with all colleagues, shows who took it, credits who answered."""
