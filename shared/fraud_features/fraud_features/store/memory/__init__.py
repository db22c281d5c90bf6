"""The online store in this process."""
