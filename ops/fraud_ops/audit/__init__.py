"""`fraud audit`: the chain over decisions and acts, verified."""
