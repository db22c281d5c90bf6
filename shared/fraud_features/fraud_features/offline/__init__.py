"""The offline executor: the online store's windows over columns, compiled and in chunks."""
