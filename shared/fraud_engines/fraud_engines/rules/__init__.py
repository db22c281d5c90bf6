"""The rules engine: a typed CEL ruleset, evaluated on one payment."""
