"""The desk's own health: heartbeats, readiness, /healthz, the banner, alarms."""
