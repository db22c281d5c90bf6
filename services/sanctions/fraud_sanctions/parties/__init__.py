"""Known parties of recent payments."""
