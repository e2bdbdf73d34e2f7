"""Practice tickets: written conversations with made-up people, played on a page like play mode, and checked. They are
in no table of tickets, so nothing of them can reach a queue, a report or a platform."""
