"""The online store as a command: rebuild it, and prove that it says what training saw."""
