"""Open incidents of our own status page, for the banner and the macros."""
