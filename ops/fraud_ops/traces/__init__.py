"""`fraud trace`: what a local mesh stored of its requests."""
