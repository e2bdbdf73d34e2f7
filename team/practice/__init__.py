"""Practice tickets: written conversations with made-up people, played on a page like play mode, and checked. They are
never stored as tickets, so they can't reach a queue, a report or a platform."""
