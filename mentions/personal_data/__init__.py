"""What the desk holds of one person: finding it, giving it out, taking it away, and not keeping it for ever."""
