"""Safe text: sanitised HTML, rendering, relative times, text that PostgreSQL accepts."""
