"""Mail as bytes: the tree of parts, headers, charsets, format=flowed, addresses."""
