"""What a ticket is about elsewhere, and how far that is: reports, issues, applications, codes."""
