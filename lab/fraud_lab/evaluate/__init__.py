"""Quality as a command: `fraud evaluate …`."""
