"""Mail bytes: the part tree, headers, charsets, format=flowed, addresses."""
