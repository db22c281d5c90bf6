"""The online store in Redis: one script call per payment."""
