"""Recognises authors and our own replies, finds or opens a message's ticket, and decides what is kept out."""
