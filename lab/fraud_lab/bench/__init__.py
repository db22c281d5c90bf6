"""Measurements that anyone can run: `fraud bench …`."""
