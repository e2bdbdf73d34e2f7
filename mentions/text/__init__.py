"""Safe text: sanitised HTML, rendering, relative times, storable text."""
