"""Around a request: whom to ask, the interim reply, the draft that expert and advocate share."""
