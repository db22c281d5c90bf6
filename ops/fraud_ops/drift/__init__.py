"""`fraud drift`: how far payments, scores and outcomes have moved from what was learned."""
