"""Around a request: whom it may ask, the interim reply, the draft that expert and advocate share."""
