"""From a parsed mail to a mention: thread, author, body, bounces, forwards. Pure."""
