"""Reports: reply times and volumes."""
