"""The web wing: app factory, edge, problems, health, logs, telemetry, keys, tokens."""
