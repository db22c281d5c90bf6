"""`fraud models compare`: champion and challenger on what was really decided."""
