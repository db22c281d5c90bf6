"""Names: normalised and analysed."""
