"""Is the desk itself healthy? Heartbeats, readiness, /healthz, the banner, alarms."""
