"""Checks of the deployment files that need no container engine."""
