"""Pages where people write: play, replies, macros, posts, adding a mention."""
