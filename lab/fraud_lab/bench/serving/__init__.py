"""`fraud bench serving`: scoring and serving against the libraries and servers people use."""
