"""The wall display: what the team sees from across the room, of channels that everybody may see."""
