"""Rules: a typed CEL ruleset."""
