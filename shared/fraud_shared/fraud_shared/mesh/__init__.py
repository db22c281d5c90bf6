"""The mesh wing: the HTTP door, its transports, deadlines, breakers and trace context."""
