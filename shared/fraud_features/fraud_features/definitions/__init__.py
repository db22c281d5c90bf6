"""What a feature is: the registry, its expressions, the facts of one payment."""
