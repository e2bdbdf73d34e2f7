"""The wall display: what the team sees from across the room, without restricted channels."""
