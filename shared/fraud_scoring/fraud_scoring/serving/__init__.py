"""The scorer runtime: routes, slots, checks, swap and rollback."""
