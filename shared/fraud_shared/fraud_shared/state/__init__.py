"""The state wing: SQL database, outbox, bus and consumer."""
