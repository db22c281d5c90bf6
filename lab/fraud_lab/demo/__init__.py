"""`fraud demo`: watch the mesh decide."""
