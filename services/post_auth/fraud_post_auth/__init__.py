"""After the authorisation: profiles, labels, training rows."""
