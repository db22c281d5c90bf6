"""`fraud dataset`: from what post_auth recorded to what models are trained on."""
