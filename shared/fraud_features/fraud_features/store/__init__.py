"""The online store: its port, its schema, and the executors behind it."""
