"""The policy engine: all evidence on one payment, combined into one verdict."""
