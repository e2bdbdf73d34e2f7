"""Things outside the desk that a ticket is about, and their progress: reports, issues, applications, codes."""
