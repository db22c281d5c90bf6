"""`fraud retrain`: a data version becomes a bundle, a gate judges it, it serves or not."""
