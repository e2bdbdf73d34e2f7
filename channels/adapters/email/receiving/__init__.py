"""IMAP: sessions and folders."""
