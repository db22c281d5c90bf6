"""Rules and policies in bulk: evaluated over columns, compared, proved, suggested."""
