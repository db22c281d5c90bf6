"""What the gateway keeps in SQL."""
