"""What the pages show, computed from what the gateway answers: pure."""
