"""The stages of one payment, one noun a file."""
