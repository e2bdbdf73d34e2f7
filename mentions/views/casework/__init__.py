"""What a ticket is about elsewhere: its report, issues, application and codes, next to the conversation."""
