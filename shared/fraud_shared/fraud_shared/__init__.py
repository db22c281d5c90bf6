"""The mesh kit: messages, web, mesh and state. It knows payments only as messages."""
