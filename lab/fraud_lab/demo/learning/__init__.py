"""`fraud demo learning`: a fraud that nobody knew is learned without a person."""
